SELECT a.id, a.address, a.display_name, a.quota_bytes, a.enabled, a.role, a.created_at, a.password_hash, a.scram_salt,
  a.scram_iterations, a.scram_stored_key, a.scram_server_key, d.tenant_id, d.enabled AND t.enabled, t.default_quota_bytes
FROM directory_accounts a JOIN directory_domains d ON d.id = a.domain_id JOIN directory_tenants t ON t.id = d.tenant_id
WHERE a.address = $1
