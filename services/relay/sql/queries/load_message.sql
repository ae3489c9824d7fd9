SELECT mail_id, sender, return_headers_only, envelope_id, smtputf8, body_8bit, auth_user, own_report, queued_at, content,
       signature, content IS NULL, (extract(epoch FROM now() - queued_at) * 1000)::bigint
FROM relay_messages WHERE mail_id = $1
