INSERT INTO mailbox_remembered (account_id, id, expires_at) SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::timestamptz[])
ON CONFLICT (account_id, id) DO UPDATE SET expires_at = excluded.expires_at
