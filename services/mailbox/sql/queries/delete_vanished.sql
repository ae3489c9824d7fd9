DELETE FROM mailbox_vanished WHERE account_id = $1 AND mailbox_id = $2
