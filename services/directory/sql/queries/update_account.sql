UPDATE directory_accounts SET display_name = $2, quota_bytes = $3, enabled = $4, role = $5, password_hash = $6,
  scram_salt = $7, scram_iterations = $8, scram_stored_key = $9, scram_server_key = $10
WHERE id = $1
