SELECT domain, name, content FROM mailbox_domain_scripts ORDER BY domain, name
