DELETE FROM mailbox_deliveries WHERE account_id = $1
