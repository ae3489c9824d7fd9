DELETE FROM directory_domains d WHERE name = $1
  AND NOT EXISTS (SELECT 1 FROM directory_accounts a WHERE a.domain_id = d.id)
  AND NOT EXISTS (SELECT 1 FROM directory_domains o WHERE o.alias_of = d.name)
