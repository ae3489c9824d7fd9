SELECT 1 FROM mailbox_mailboxes WHERE account_id = $1 AND starts_with(name, $2 || '/') LIMIT 1
