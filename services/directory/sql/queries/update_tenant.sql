UPDATE directory_tenants SET enabled = $2, max_domains = $3, max_accounts = $4, default_quota_bytes = $5 WHERE name = $1
