-- What moves with a domain: itself with its other names, and accounts.
SELECT (SELECT count(*) FROM directory_domains WHERE name = $1 OR alias_of = $1),
  (SELECT count(*) FROM directory_accounts a JOIN directory_domains d ON d.id = a.domain_id WHERE d.name = $1)
