SELECT account_id, mailbox_id, uid_next, name FROM mailbox_mailboxes
WHERE (account_id, mailbox_id) > ($1, $2) ORDER BY account_id, mailbox_id LIMIT $3
