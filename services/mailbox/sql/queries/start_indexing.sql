-- The turn to index an account; who dies in it leaves it to the next.
INSERT INTO mailbox_search_accounts AS s (account_id, busy_until, turn)
SELECT account_id, now() + interval '5 minutes', 1 FROM mailbox_accounts WHERE account_id = $1
ON CONFLICT (account_id) DO UPDATE SET busy_until = now() + interval '5 minutes', turn = s.turn + 1 WHERE s.busy_until <= now()
RETURNING turn, indexed_modseq
