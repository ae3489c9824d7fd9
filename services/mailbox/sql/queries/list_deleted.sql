-- What can be restored, the newest first. $2: gone since then; $3: from this mailbox only, or NULL.
SELECT v.mailbox_id, v.modseq, v.uid, v.gone_at, v.internal_date, v.flags, v.email_id, e.size, e.structure,
  coalesce(m.name, d.name, '')
FROM (SELECT * FROM mailbox_vanished WHERE account_id = $1 AND email_id IS NOT NULL AND gone_at >= $2 OFFSET 0) v
CROSS JOIN LATERAL (SELECT size, structure FROM mailbox_emails
  WHERE account_id = $1 AND email_id = v.email_id OFFSET 0) e
LEFT JOIN LATERAL (SELECT name FROM mailbox_mailboxes WHERE account_id = $1 AND mailbox_id = v.mailbox_id OFFSET 0) m ON true
LEFT JOIN LATERAL (SELECT name FROM mailbox_deleted_mailboxes
  WHERE account_id = $1 AND mailbox_id = v.mailbox_id OFFSET 0) d ON true
WHERE $3::text IS NULL OR coalesce(m.name, d.name, '') = $3
ORDER BY v.gone_at DESC, v.mailbox_id, v.modseq DESC, v.uid DESC LIMIT $4
