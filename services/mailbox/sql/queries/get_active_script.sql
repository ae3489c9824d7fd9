SELECT a.sieve_generation, s.name, s.content FROM mailbox_accounts a
JOIN mailbox_scripts s ON s.account_id = a.account_id AND s.active WHERE a.account_id = $1
