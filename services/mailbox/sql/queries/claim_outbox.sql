-- Who claims and dies leaves the rest to the next: the row is due again, each time later, at most after five minutes.
UPDATE mailbox_outbox o SET attempts = o.attempts + 1,
  next_attempt_at = now() + least(interval '5 seconds' * power(2, least(o.attempts, 10)), interval '5 minutes')
FROM (SELECT account_id, outbox_id FROM mailbox_outbox WHERE next_attempt_at <= now()
  ORDER BY next_attempt_at LIMIT $1 FOR UPDATE SKIP LOCKED) due
WHERE o.account_id = due.account_id AND o.outbox_id = due.outbox_id
RETURNING o.account_id, o.outbox_id, o.request, o.attempts
