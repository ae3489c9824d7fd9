-- A domain and its other names stay together.
UPDATE directory_domains SET tenant_id = $2 WHERE name = $1 OR alias_of = $1
