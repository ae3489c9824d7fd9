-- $1: the last one looked at, or NULL at the end of a round; $2: seconds to the next step. Nothing if a round was begun anew.
UPDATE mailbox_scrub SET last_blob = $1::uuid, next_at = now() + $2 * interval '1 second', contents = contents + $3,
  bytes = bytes + $4, finished_at = CASE WHEN $1::uuid IS NULL THEN now() ELSE finished_at END
WHERE only_row AND next_at > now()
