-- $6: check it against its checksum; one that is not there fits none. Of a content in the object store only what names it. LATERAL as in fetch_messages.sql.
SELECT CASE WHEN b.object = '' THEN substring(b.content FROM ($4 + 1)::int FOR $5::int) END, b.size,
  CASE WHEN b.size IS NULL THEN false
    WHEN $6 AND b.object = '' THEN octet_length(b.content) = b.size AND sha256(b.content) = b.sha256 ELSE true END,
  m.email_id, b.object, b.sha256
FROM (SELECT email_id FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2 AND uid = $3 OFFSET 0) m
CROSS JOIN LATERAL (SELECT blob_id FROM mailbox_emails WHERE account_id = $1 AND email_id = m.email_id OFFSET 0) e
LEFT JOIN LATERAL (SELECT content, size, sha256, object FROM mailbox_blobs WHERE blob_id = e.blob_id OFFSET 0) b ON true
