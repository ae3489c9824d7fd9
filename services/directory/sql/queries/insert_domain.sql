INSERT INTO directory_domains (name, alias_of, catch_all) VALUES ($1, $2, $3) RETURNING id, created_at
