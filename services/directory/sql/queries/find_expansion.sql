-- What an address stands for: an alias, or a group with its members.
SELECT a.address, a.targets, a.send_as, '' AS posting, d.tenant_id, d.name
FROM directory_aliases a JOIN directory_domains d ON d.id = a.domain_id WHERE a.address = $1
UNION ALL
SELECT g.address, ARRAY(SELECT m.member FROM directory_group_members m WHERE m.group_id = g.id ORDER BY m.member COLLATE "C"), g.send_as,
  g.posting, d.tenant_id, d.name
FROM directory_groups g JOIN directory_domains d ON d.id = g.domain_id WHERE g.address = $1
