-- Whoever counts against a limit of the tenant waits for the others that do.
SELECT name, max_domains, max_accounts FROM directory_tenants WHERE id = $1 FOR NO KEY UPDATE
