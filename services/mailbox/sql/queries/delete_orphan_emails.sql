-- Emails that no mailbox of the account holds any more. Returns their blobs.
DELETE FROM mailbox_emails e WHERE e.account_id = $1 AND e.email_id = ANY ($2::uuid[]) AND NOT EXISTS (
  SELECT 1 FROM mailbox_messages m WHERE m.account_id = e.account_id AND m.email_id = e.email_id)
RETURNING e.blob_id
