-- LATERAL as in fetch_messages.sql.
SELECT substring(b.content FROM ($4 + 1)::int FOR $5::int), b.size
FROM (SELECT email_id FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2 AND uid = $3 OFFSET 0) m
CROSS JOIN LATERAL (SELECT blob_id FROM mailbox_emails WHERE account_id = $1 AND email_id = m.email_id OFFSET 0) e
CROSS JOIN LATERAL (SELECT content, size FROM mailbox_blobs WHERE blob_id = e.blob_id OFFSET 0) b
