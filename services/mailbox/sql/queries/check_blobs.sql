-- Hashed where they are: no content travels, but of those in the object store (`intact` is NULL). LATERAL as in
-- fetch_messages.sql.
SELECT i.blob_id, b.intact, EXISTS (SELECT 1 FROM mailbox_emails e WHERE e.blob_id = i.blob_id), b.object, b.sha256
FROM unnest($1::uuid[]) AS i (blob_id)
CROSS JOIN LATERAL (SELECT object, sha256,
    CASE WHEN object = '' THEN octet_length(content) = size AND sha256(content) = sha256 END AS intact
  FROM mailbox_blobs WHERE blob_id = i.blob_id OFFSET 0) b
