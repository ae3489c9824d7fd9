-- Into another account, which has some of them already, perhaps. Both accounts are locked and the messages are there, so that
-- no content loses its last reference meanwhile. LATERAL as in fetch_messages.sql.
INSERT INTO mailbox_emails (account_id, email_id, blob_id, thread_id, size, header_size, received_at, structure)
SELECT $2, e.email_id, e.blob_id, e.thread_id, e.size, e.header_size, e.received_at, e.structure
FROM (SELECT DISTINCT email_id FROM unnest($3::uuid[]) AS u (email_id)) i
CROSS JOIN LATERAL (SELECT * FROM mailbox_emails WHERE account_id = $1 AND email_id = i.email_id OFFSET 0) e
ON CONFLICT DO NOTHING
