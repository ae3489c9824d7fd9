-- Of a change: the account is locked.
SELECT uid, modseq, size, internal_date, flags, email_id FROM mailbox_messages
WHERE account_id = $1 AND mailbox_id = $2 AND uid = ANY ($3::bigint[]) ORDER BY uid
