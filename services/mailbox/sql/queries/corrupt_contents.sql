-- Each with the emails that have it.
SELECT c.blob_id, c.found_at, coalesce(e.account_id, 0), e.email_id
FROM (SELECT * FROM mailbox_corrupt_blobs ORDER BY blob_id DESC LIMIT 1000) c
LEFT JOIN LATERAL (SELECT account_id, email_id FROM mailbox_emails WHERE blob_id = c.blob_id OFFSET 0) e ON true
ORDER BY c.blob_id DESC, e.account_id
