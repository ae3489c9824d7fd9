INSERT INTO mailbox_domain_scripts (domain, name, content, size, updated_at) VALUES ($1, $2, $3, $4, now())
ON CONFLICT (domain, name) DO UPDATE
SET content = excluded.content, size = excluded.size, updated_at = excluded.updated_at
