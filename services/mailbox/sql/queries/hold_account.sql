-- The lock of all changes, for one that no client sees.
SELECT account_id FROM mailbox_accounts WHERE account_id = $1 FOR UPDATE
