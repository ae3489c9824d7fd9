UPDATE directory_app_passwords SET last_used_at = $2 WHERE id = $1
