SELECT id, label, hash, protocols, created_at, last_used_at FROM directory_app_passwords WHERE account_id = $1 ORDER BY id
