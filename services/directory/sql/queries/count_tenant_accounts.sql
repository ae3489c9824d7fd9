SELECT count(*) FROM directory_accounts a JOIN directory_domains d ON d.id = a.domain_id WHERE d.tenant_id = $1
