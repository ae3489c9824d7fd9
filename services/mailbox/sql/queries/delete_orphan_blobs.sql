DELETE FROM mailbox_blobs b WHERE b.blob_id = ANY ($1::uuid[]) AND NOT EXISTS (
  SELECT 1 FROM mailbox_emails e WHERE e.blob_id = b.blob_id)
RETURNING b.blob_id, b.object
