SELECT r.account_id, r.id FROM mailbox_remembered r
JOIN unnest($1::bigint[], $2::bytea[]) AS i (account_id, id) ON r.account_id = i.account_id AND r.id = i.id
WHERE r.expires_at > now()
