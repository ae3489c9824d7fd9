SELECT account_id, mailbox_id, modseq, uid FROM mailbox_vanished
WHERE email_id IS NULL AND gone_at < now() - $1 * interval '1 second' ORDER BY gone_at LIMIT $2
