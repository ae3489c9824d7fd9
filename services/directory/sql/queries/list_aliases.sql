SELECT a.address, a.targets, a.send_as FROM directory_aliases a JOIN directory_domains d ON d.id = a.domain_id
WHERE ($1 = '' OR d.name = $1) AND a.address > $2 ORDER BY a.address LIMIT $3
