-- A blob that is there already is locked, so that nobody who is just dropping his last reference takes it away.
INSERT INTO mailbox_blobs (blob_id, size, sha256, content, object)
SELECT * FROM unnest($1::uuid[], $2::bigint[], $3::bytea[], $4::bytea[], $5::text[])
ON CONFLICT (blob_id) DO UPDATE SET size = mailbox_blobs.size
