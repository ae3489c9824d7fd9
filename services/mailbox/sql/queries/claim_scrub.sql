-- The turn to take a step; who dies in it leaves it to the next.
UPDATE mailbox_scrub SET next_at = now() + interval '2 minutes',
  started_at = CASE WHEN last_blob IS NULL THEN now() ELSE started_at END,
  contents = CASE WHEN last_blob IS NULL THEN 0 ELSE contents END,
  bytes = CASE WHEN last_blob IS NULL THEN 0 ELSE bytes END
WHERE only_row AND next_at <= now()
RETURNING coalesce(last_blob, '00000000-0000-0000-0000-000000000000')
