DELETE FROM directory_tenants t WHERE name = $1
  AND NOT EXISTS (SELECT 1 FROM directory_domains d WHERE d.tenant_id = t.id)
