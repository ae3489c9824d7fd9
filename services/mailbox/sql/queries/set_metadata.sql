INSERT INTO mailbox_metadata (account_id, mailbox_id, entry, value)
SELECT $1, $2, i.entry, i.value FROM unnest($3::text[], $4::bytea[]) AS i (entry, value)
ON CONFLICT (account_id, mailbox_id, entry) DO UPDATE SET value = excluded.value
