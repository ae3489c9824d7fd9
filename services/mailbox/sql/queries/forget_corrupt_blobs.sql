DELETE FROM mailbox_corrupt_blobs c USING unnest($1::uuid[]) AS i (blob_id) WHERE c.blob_id = i.blob_id
