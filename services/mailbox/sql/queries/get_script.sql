SELECT name, size, active, modseq, updated_at, content FROM mailbox_scripts WHERE account_id = $1 AND name = $2
