-- Credentials only where $6 says so: a change of the quota must not bring an old password back.
UPDATE directory_accounts SET display_name = $2, quota_bytes = $3, enabled = $4, role = $5,
  password_hash = CASE WHEN $6 THEN $7 ELSE password_hash END,
  scram_salt = CASE WHEN $6 THEN $8 ELSE scram_salt END,
  scram_iterations = CASE WHEN $6 THEN $9 ELSE scram_iterations END,
  scram_stored_key = CASE WHEN $6 THEN $10 ELSE scram_stored_key END,
  scram_server_key = CASE WHEN $6 THEN $11 ELSE scram_server_key END, revision = revision + 1
WHERE id = $1 AND revision = $12
