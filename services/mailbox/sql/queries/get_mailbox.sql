SELECT m.mailbox_id, m.name, m.uid_validity, m.uid_next, m.highest_modseq, m.messages, m.unseen, m.size_bytes, s.name IS NOT NULL, m.special_use, m.deleted FROM mailbox_mailboxes m LEFT JOIN mailbox_subscriptions s ON s.account_id = m.account_id AND s.name = m.name
WHERE m.account_id = $1 AND m.mailbox_id = $2
