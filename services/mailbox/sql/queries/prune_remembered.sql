DELETE FROM mailbox_remembered WHERE (account_id, id) IN (
  SELECT account_id, id FROM mailbox_remembered WHERE expires_at <= now() LIMIT 5000)
