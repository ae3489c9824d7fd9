-- Whoever indexes the account has lost the turn.
UPDATE mailbox_search_accounts SET indexed_modseq = 0, busy_until = now(), turn = turn + 1 WHERE account_id = $1
