INSERT INTO mailbox_loose_blobs (blob_id, since) SELECT DISTINCT i.blob_id, now() FROM unnest($1::uuid[]) AS i (blob_id)
ON CONFLICT (blob_id) DO UPDATE SET since = excluded.since
