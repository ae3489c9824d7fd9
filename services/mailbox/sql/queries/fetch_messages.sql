-- $4: structure, $5: header, $6: all of the content.
SELECT m.uid, CASE WHEN $4 THEN e.structure END, CASE WHEN $5 THEN substring(b.content FROM 1 FOR e.header_size::int) END,
  CASE WHEN $6 THEN b.content END, e.email_id, e.thread_id, m.save_date, m.size, CASE WHEN $6 THEN b.sha256 END
FROM mailbox_messages m
JOIN mailbox_emails e ON e.account_id = m.account_id AND e.email_id = m.email_id
JOIN mailbox_blobs b ON b.blob_id = e.blob_id
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid = ANY ($3::bigint[])
