SELECT a.id, a.address, a.display_name, a.quota_bytes, a.enabled, a.role, a.created_at, a.password_hash, a.scram_salt, a.scram_iterations, a.scram_stored_key, a.scram_server_key FROM directory_accounts a JOIN directory_domains d ON d.id = a.domain_id
WHERE ($1 = '' OR d.name = $1) AND a.address > $2 ORDER BY a.address LIMIT $3
