SELECT a.address, a.targets, a.send_as FROM directory_aliases a JOIN directory_domains d ON d.id = a.domain_id
WHERE ($1 = 0 OR d.tenant_id = $1) AND ($2 = '' OR d.name = $2) AND a.address > $3 ORDER BY a.address LIMIT $4
