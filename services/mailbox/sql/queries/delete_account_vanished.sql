DELETE FROM mailbox_vanished WHERE account_id = $1
