-- Emails that neither a mailbox of the account holds any more nor a message that can be restored. Returns their blobs. LATERAL
-- as in fetch_messages.sql.
DELETE FROM mailbox_emails e USING unnest($2::uuid[]) AS i (email_id)
CROSS JOIN LATERAL (SELECT ctid FROM mailbox_emails WHERE account_id = $1 AND email_id = i.email_id OFFSET 0) found
WHERE e.ctid = found.ctid AND NOT EXISTS (
  SELECT 1 FROM mailbox_messages m WHERE m.account_id = e.account_id AND m.email_id = e.email_id)
AND NOT EXISTS (
  SELECT 1 FROM mailbox_vanished v WHERE v.account_id = e.account_id AND v.email_id = e.email_id)
RETURNING e.blob_id
