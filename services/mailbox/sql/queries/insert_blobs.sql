INSERT INTO mailbox_blobs (blob_id, size, sha256, content)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[]) ON CONFLICT (blob_id) DO NOTHING
