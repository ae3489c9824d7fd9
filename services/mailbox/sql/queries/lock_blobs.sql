-- Before delete_orphan_blobs and a statement of its own: the delete must see what was committed while this one waited.
SELECT 1 FROM mailbox_blobs WHERE blob_id = ANY ($1::uuid[]) ORDER BY blob_id FOR UPDATE
