SELECT id, name, alias_of, catch_all, enabled, created_at, tenant_id FROM directory_domains WHERE name = $1
