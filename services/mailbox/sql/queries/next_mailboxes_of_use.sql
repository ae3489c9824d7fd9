SELECT account_id, mailbox_id, messages FROM mailbox_mailboxes
WHERE (account_id, mailbox_id) > ($1, $2) AND special_use = $3 ORDER BY account_id, mailbox_id LIMIT $4
