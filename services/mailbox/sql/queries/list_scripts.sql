SELECT name, size, active, modseq, updated_at FROM mailbox_scripts WHERE account_id = $1 ORDER BY name
