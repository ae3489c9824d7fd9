SELECT 1 FROM mailbox_remembered WHERE account_id = $1 AND id = $2 AND expires_at > now()
