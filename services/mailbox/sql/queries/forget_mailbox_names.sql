-- Deleted mailboxes of which nothing can be restored any more.
DELETE FROM mailbox_deleted_mailboxes d USING unnest($2::bigint[]) AS i (mailbox_id)
WHERE d.account_id = $1 AND d.mailbox_id = i.mailbox_id AND NOT EXISTS (
  SELECT 1 FROM mailbox_vanished v WHERE v.account_id = $1 AND v.mailbox_id = d.mailbox_id AND v.email_id IS NOT NULL)
