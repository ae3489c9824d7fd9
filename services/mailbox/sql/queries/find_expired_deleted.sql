SELECT account_id, mailbox_id, modseq, uid, email_id FROM mailbox_vanished
WHERE email_id IS NOT NULL AND gone_at < now() - $1 * interval '1 second' ORDER BY gone_at LIMIT $2
