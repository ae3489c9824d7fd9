-- A page of the accounts, with how many messages wait in each, up to $3. LATERAL as in fetch_messages.sql.
SELECT a.account_id, n.waiting FROM (SELECT account_id, modseq, messages FROM mailbox_accounts
  WHERE account_id > $1 ORDER BY account_id LIMIT $2) a
LEFT JOIN LATERAL (SELECT indexed_modseq FROM mailbox_search_accounts WHERE account_id = a.account_id OFFSET 0) s ON true
CROSS JOIN LATERAL (SELECT CASE WHEN a.messages = 0 OR a.modseq = coalesce(s.indexed_modseq, 0) THEN 0 ELSE (
  SELECT count(*) FROM (SELECT FROM mailbox_messages m
    WHERE m.account_id = a.account_id AND m.modseq > coalesce(s.indexed_modseq, 0) LIMIT $3) found) END AS waiting) n
ORDER BY a.account_id
