SELECT d.id, d.name, d.alias_of, d.catch_all, d.enabled, d.created_at, d.tenant_id, t.name, t.enabled
FROM directory_domains d JOIN directory_tenants t ON t.id = d.tenant_id
WHERE d.name = $1
