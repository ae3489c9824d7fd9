-- Contents that are kept outside, in an object store: the name of the object, and the header alone in `content`. Empty: all of
-- it is in `content`.
ALTER TABLE mailbox_blobs ADD COLUMN object text NOT NULL DEFAULT '';
