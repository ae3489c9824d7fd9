SELECT substring(b.content FROM ($4::bigint + 1)::int FOR $5::int), b.size
FROM mailbox_messages m
JOIN mailbox_emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
JOIN mailbox_blobs b ON b.blob_id = e.blob_id
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid = $3
