WITH message AS (
  INSERT INTO relay_messages (mail_id, sender, return_headers_only, envelope_id, smtputf8, body_8bit, auth_user,
                              own_report, queued_at, size, content)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
  ON CONFLICT (mail_id) DO NOTHING RETURNING mail_id),
deliveries AS (
  INSERT INTO relay_deliveries (mail_id, rcpt_no, recipient, recipient_domain, account_id, folder, quota_bytes,
                                notify_never, notify_success, notify_failure, notify_delay, original_recipient, route,
                                state, next_at, last_reply)
  SELECT mail_id, ordinality - 1, recipient, domain, account, folder, quota, (notify & 1) <> 0, (notify & 2) <> 0,
         (notify & 4) <> 0, (notify & 8) <> 0, original, route, $20, $9, $21
  FROM message, unnest($12::text[], $13::text[], $14::bigint[], $15::text[], $16::bigint[], $17::bigint[], $18::text[],
                       $19::text[])
       WITH ORDINALITY AS r (recipient, domain, account, folder, quota, notify, original, route, ordinality)),
events AS (
  INSERT INTO relay_events (mail_id, time, service, kind, sender, recipient, detail)
  SELECT e.mail_id, e.time, e.service, e.kind, e.sender, e.recipient, e.detail
  FROM message, unnest($22::uuid[], $23::timestamptz[], $24::text[], $25::text[], $26::text[], $27::text[], $28::text[])
       AS e (mail_id, time, service, kind, sender, recipient, detail))
SELECT count(*) FROM message
