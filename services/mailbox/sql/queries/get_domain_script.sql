SELECT name, size, updated_at, content FROM mailbox_domain_scripts WHERE domain = $1 AND name = $2
