UPDATE mailbox_accounts SET used_bytes = used_bytes + $2, messages = messages + $3 WHERE account_id = $1 RETURNING used_bytes
