SELECT vanished_floor FROM mailbox_mailboxes WHERE account_id = $1 AND mailbox_id = $2
