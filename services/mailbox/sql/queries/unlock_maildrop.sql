DELETE FROM mailbox_maildrop_locks WHERE account_id = $1 AND holder = $2
