SELECT blob_id FROM mailbox_loose_blobs WHERE since < now() - $1 * interval '1 second' ORDER BY since LIMIT $2
