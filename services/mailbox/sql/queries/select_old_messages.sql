-- By when they came into the mailbox.
SELECT uid, modseq, size, internal_date, flags, email_id FROM mailbox_messages
WHERE account_id = $1 AND mailbox_id = $2 AND save_date <= now() - $3 * interval '1 second' ORDER BY uid LIMIT $4
