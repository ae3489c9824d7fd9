DELETE FROM mailbox_outbox WHERE account_id = $1 AND outbox_id = $2
