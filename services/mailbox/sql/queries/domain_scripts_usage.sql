SELECT count(*), coalesce(sum(size), 0)::bigint FROM mailbox_domain_scripts WHERE domain = $1 AND name <> $2
