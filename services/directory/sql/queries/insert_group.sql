INSERT INTO directory_groups (address, domain_id, display_name, posting, send_as)
SELECT $2, id, $3, $4, $5 FROM directory_domains WHERE name = $1
RETURNING id, created_at
