SELECT t.id, t.name, t.enabled, t.max_domains, t.max_accounts, t.default_quota_bytes, t.created_at,
  (SELECT count(*) FROM directory_domains d WHERE d.tenant_id = t.id),
  (SELECT count(*) FROM directory_accounts a JOIN directory_domains d ON d.id = a.domain_id WHERE d.tenant_id = t.id)
FROM directory_tenants t
WHERE ($1 = 0 OR t.id = $1) AND t.name > $2 ORDER BY t.name LIMIT $3
