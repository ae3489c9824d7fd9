DELETE FROM mailbox_accounts WHERE account_id = $1
