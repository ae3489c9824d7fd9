UPDATE mailbox_messages m SET flags = i.flags, modseq = $5
FROM unnest($3::bigint[], $4::text[]) AS i (uid, flags)
WHERE m.account_id = $1 AND m.mailbox_id = $2 AND m.uid = i.uid
