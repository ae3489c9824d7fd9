SELECT uid, modseq, size, internal_date, flags, email_id FROM mailbox_messages
WHERE account_id = $1 AND mailbox_id = $2 ORDER BY uid
