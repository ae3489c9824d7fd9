DELETE FROM mailbox_search WHERE account_id = $1
