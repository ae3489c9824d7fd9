-- The same for some, by their keys; the account is locked. LATERAL as in fetch_messages.sql.
SELECT v.mailbox_id, v.modseq, v.uid, v.gone_at, v.internal_date, v.flags, v.email_id, e.size, e.structure,
  coalesce(m.name, d.name, '')
FROM unnest($2::bigint[], $3::bigint[], $4::bigint[]) AS i (mailbox_id, modseq, uid)
CROSS JOIN LATERAL (SELECT * FROM mailbox_vanished
  WHERE account_id = $1 AND mailbox_id = i.mailbox_id AND modseq = i.modseq AND uid = i.uid AND email_id IS NOT NULL OFFSET 0) v
CROSS JOIN LATERAL (SELECT size, structure FROM mailbox_emails
  WHERE account_id = $1 AND email_id = v.email_id OFFSET 0) e
LEFT JOIN LATERAL (SELECT name FROM mailbox_mailboxes WHERE account_id = $1 AND mailbox_id = v.mailbox_id OFFSET 0) m ON true
LEFT JOIN LATERAL (SELECT name FROM mailbox_deleted_mailboxes
  WHERE account_id = $1 AND mailbox_id = v.mailbox_id OFFSET 0) d ON true
ORDER BY v.mailbox_id, v.modseq, v.uid
