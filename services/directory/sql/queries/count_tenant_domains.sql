SELECT count(*) FROM directory_domains WHERE tenant_id = $1
