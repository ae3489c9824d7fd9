INSERT INTO directory_accounts (domain_id, address, display_name, quota_bytes, enabled, role, password_hash, scram_salt,
  scram_iterations, scram_stored_key, scram_server_key)
SELECT id, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11 FROM directory_domains WHERE name = $1
RETURNING id, created_at
