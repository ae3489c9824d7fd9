-- The account is locked: a row found stays where it is. LATERAL as in fetch_messages.sql.
UPDATE mailbox_messages m SET flags = found.flags, modseq = $5
FROM (SELECT k.ctid, i.flags FROM unnest($3::bigint[], $4::text[]) AS i (uid, flags)
  CROSS JOIN LATERAL (SELECT ctid FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2 AND uid = i.uid OFFSET 0) k) found
WHERE m.ctid = found.ctid
