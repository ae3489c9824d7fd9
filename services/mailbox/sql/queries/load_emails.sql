-- LATERAL as in fetch_messages.sql.
SELECT i.email_id, b.content, b.sha256, b.object FROM unnest($2::uuid[]) AS i (email_id)
CROSS JOIN LATERAL (SELECT blob_id FROM mailbox_emails WHERE account_id = $1 AND email_id = i.email_id OFFSET 0) e
LEFT JOIN LATERAL (SELECT content, sha256, object FROM mailbox_blobs WHERE blob_id = e.blob_id OFFSET 0) b ON true
