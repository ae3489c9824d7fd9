DELETE FROM mailbox_vanished v
USING (SELECT k.ctid FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS i (mailbox_id, modseq, uid)
  CROSS JOIN LATERAL (SELECT ctid FROM mailbox_vanished
    WHERE account_id = $1 AND mailbox_id = i.mailbox_id AND modseq = i.modseq AND uid = i.uid AND email_id IS NULL OFFSET 0) k) found
WHERE v.ctid = found.ctid
