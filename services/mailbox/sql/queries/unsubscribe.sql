DELETE FROM mailbox_subscriptions WHERE account_id = $1 AND name = $2
