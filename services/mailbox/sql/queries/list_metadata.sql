SELECT entry, value FROM mailbox_metadata WHERE account_id = $1 AND mailbox_id = $2 ORDER BY entry
