INSERT INTO relay_messages (mail_id, sender, return_headers_only, envelope_id, smtputf8, body_8bit, auth_user, own_report,
                            queued_at, size, content)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
ON CONFLICT (mail_id) DO NOTHING
