-- The account is locked: a row found stays where it is. LATERAL as in fetch_messages.sql.
DELETE FROM mailbox_messages m USING unnest($3::bigint[]) AS i (uid)
CROSS JOIN LATERAL (SELECT ctid FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2 AND uid = i.uid OFFSET 0) found
WHERE m.ctid = found.ctid
