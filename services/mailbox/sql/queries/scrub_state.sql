SELECT last_blob IS NOT NULL OR finished_at < started_at, started_at, finished_at, contents, bytes, next_at
FROM mailbox_scrub WHERE only_row
