-- How many messages the account has.
SELECT messages FROM mailbox_accounts WHERE account_id = $1
