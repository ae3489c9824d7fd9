DELETE FROM mailbox_emails WHERE account_id = $1 RETURNING blob_id
