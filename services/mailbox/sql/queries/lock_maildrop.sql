-- A row if the lock is the holder's now: it was free, over, or held already.
INSERT INTO mailbox_maildrop_locks AS l (account_id, holder, expires_at) VALUES ($1, $2, now() + $3 * interval '1 second')
ON CONFLICT (account_id) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
WHERE l.expires_at < now() OR l.holder = excluded.holder
RETURNING l.account_id
