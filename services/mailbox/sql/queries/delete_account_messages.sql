DELETE FROM mailbox_messages WHERE account_id = $1
