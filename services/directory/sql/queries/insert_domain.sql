INSERT INTO directory_domains (name, alias_of, catch_all, tenant_id) VALUES ($1, $2, $3, $4) RETURNING id, created_at
