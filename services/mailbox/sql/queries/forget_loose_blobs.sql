-- Those that nothing loosened again meanwhile.
DELETE FROM mailbox_loose_blobs l USING unnest($1::uuid[]) AS i (blob_id)
WHERE l.blob_id = i.blob_id AND l.since < now() - $2 * interval '1 second'
