INSERT INTO directory_tenants (name, enabled, max_domains, max_accounts, default_quota_bytes) VALUES ($1, $2, $3, $4, $5)
RETURNING id, created_at
