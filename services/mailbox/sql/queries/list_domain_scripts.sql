SELECT name, size, updated_at FROM mailbox_domain_scripts WHERE domain = $1 ORDER BY name
