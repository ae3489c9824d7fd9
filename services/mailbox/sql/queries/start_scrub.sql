UPDATE mailbox_scrub SET last_blob = NULL, next_at = now() WHERE only_row
