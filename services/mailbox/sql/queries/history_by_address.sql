SELECT d.mail_id, d.stored_at, d.sender, d.recipient, coalesce(m.name, ''), d.uid, d.events FROM mailbox_deliveries d
LEFT JOIN mailbox_mailboxes m ON m.account_id = d.account_id AND m.mailbox_id = d.mailbox_id
WHERE d.recipient = $1 ORDER BY d.stored_at DESC LIMIT $2
