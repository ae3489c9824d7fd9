-- Of a mailbox that is being deleted: needed as long as one of its messages can be restored.
INSERT INTO mailbox_deleted_mailboxes (account_id, mailbox_id, name) SELECT $1, $2, $3
WHERE EXISTS (SELECT 1 FROM mailbox_vanished WHERE account_id = $1 AND mailbox_id = $2 AND email_id IS NOT NULL)
