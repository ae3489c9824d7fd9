-- Of a change: the account is locked. LATERAL as in fetch_messages.sql.
SELECT i.uid, m.modseq, m.size, m.internal_date, m.flags, m.email_id FROM unnest($3::bigint[]) AS i (uid)
CROSS JOIN LATERAL (SELECT * FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2 AND uid = i.uid OFFSET 0) m
ORDER BY i.uid
