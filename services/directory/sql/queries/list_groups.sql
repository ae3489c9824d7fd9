SELECT g.id, g.address, g.display_name, g.posting, g.send_as, g.created_at,
  ARRAY(SELECT m.member FROM directory_group_members m WHERE m.group_id = g.id ORDER BY m.member COLLATE "C")
FROM directory_groups g JOIN directory_domains d ON d.id = g.domain_id
WHERE ($1 = 0 OR d.tenant_id = $1) AND ($2 = '' OR d.name = $2) AND g.address > $3 ORDER BY g.address LIMIT $4
