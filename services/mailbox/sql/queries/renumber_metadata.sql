UPDATE mailbox_metadata SET mailbox_id = $3 WHERE account_id = $1 AND mailbox_id = $2
