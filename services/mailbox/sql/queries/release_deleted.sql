-- These cannot be restored any more: they were, or their time is over. The account is locked.
UPDATE mailbox_vanished v SET email_id = NULL, internal_date = NULL, flags = NULL
FROM (SELECT k.ctid FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS i (mailbox_id, modseq, uid)
  CROSS JOIN LATERAL (SELECT ctid FROM mailbox_vanished
    WHERE account_id = $1 AND mailbox_id = i.mailbox_id AND modseq = i.modseq AND uid = i.uid OFFSET 0) k) found
WHERE v.ctid = found.ctid
