INSERT INTO mailbox_scripts (account_id, name, content, size, modseq, updated_at) VALUES ($1, $2, $3, $4, $5, now())
ON CONFLICT (account_id, name) DO UPDATE
SET content = excluded.content, size = excluded.size, modseq = excluded.modseq, updated_at = excluded.updated_at
