SELECT blob_id, size FROM mailbox_blobs WHERE blob_id > $1 ORDER BY blob_id LIMIT $2
