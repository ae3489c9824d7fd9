-- After each change of scripts; the account is locked.
UPDATE mailbox_accounts a SET sieve_generation = CASE WHEN EXISTS (
  SELECT 1 FROM mailbox_scripts s WHERE s.account_id = a.account_id AND s.active) THEN a.modseq ELSE 0 END
WHERE a.account_id = $1
