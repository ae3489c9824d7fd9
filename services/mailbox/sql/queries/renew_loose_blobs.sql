UPDATE mailbox_loose_blobs SET since = now() WHERE since < now()
