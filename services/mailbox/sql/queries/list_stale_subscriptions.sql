SELECT s.name FROM mailbox_subscriptions s WHERE s.account_id = $1 AND NOT EXISTS (
  SELECT 1 FROM mailbox_mailboxes m WHERE m.account_id = s.account_id AND m.name = s.name) ORDER BY s.name
