-- The account's counters and its first folders. Does nothing if it exists.
WITH made AS (
  INSERT INTO mailbox_accounts (account_id) VALUES ($1) ON CONFLICT DO NOTHING RETURNING account_id, next_uid_validity
), folders AS (
  SELECT * FROM (VALUES (1, 'INBOX', ''), (2, 'Drafts', '\Drafts'), (3, 'Sent', '\Sent'), (4, 'Archive', '\Archive'),
    (5, 'Junk', '\Junk'), (6, 'Trash', '\Trash')) AS v (id, name, special_use)
), subscribed AS (
  INSERT INTO mailbox_subscriptions (account_id, name) SELECT made.account_id, folders.name FROM made, folders
)
INSERT INTO mailbox_mailboxes (account_id, mailbox_id, name, special_use, uid_validity)
SELECT made.account_id, folders.id, folders.name, folders.special_use, made.next_uid_validity FROM made, folders
