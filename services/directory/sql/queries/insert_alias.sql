INSERT INTO directory_aliases (address, domain_id, targets, send_as)
SELECT $2, id, $3, $4 FROM directory_domains WHERE name = $1
