-- Of who still has the turn.
UPDATE mailbox_search_accounts SET busy_until = now(), indexed_modseq = greatest(indexed_modseq, $3)
WHERE account_id = $1 AND turn = $2
