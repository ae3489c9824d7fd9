INSERT INTO directory_app_passwords (account_id, label, hash, protocols) VALUES ($1, $2, $3, $4) RETURNING id, created_at
