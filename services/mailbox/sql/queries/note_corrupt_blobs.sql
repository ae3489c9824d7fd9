INSERT INTO mailbox_corrupt_blobs (blob_id, found_at) SELECT i.blob_id, now() FROM unnest($1::uuid[]) AS i (blob_id)
ON CONFLICT DO NOTHING
