SELECT uid, modseq, size, internal_date, flags FROM mailbox_messages
WHERE account_id = $1 AND mailbox_id = $2 ORDER BY uid
