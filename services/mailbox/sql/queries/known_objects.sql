SELECT i.object FROM unnest($1::uuid[], $2::text[]) AS i (blob_id, object)
CROSS JOIN LATERAL (SELECT 1 FROM mailbox_blobs WHERE blob_id = i.blob_id AND object = i.object OFFSET 0) b
