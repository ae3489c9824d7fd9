SELECT tenant_id FROM directory_domains WHERE name = $1
