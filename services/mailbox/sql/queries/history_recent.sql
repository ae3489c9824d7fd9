-- The ids of messages grow with time.
SELECT d.mail_id, d.stored_at, d.sender, d.recipient, coalesce(m.name, ''), d.uid, d.events FROM mailbox_deliveries d
LEFT JOIN mailbox_mailboxes m ON m.account_id = d.account_id AND m.mailbox_id = d.mailbox_id
ORDER BY d.mail_id DESC LIMIT $1
