-- Of emails that are still there: their rows are kept from going before this is committed.
INSERT INTO mailbox_search (account_id, email_id, block, format, signature)
SELECT $1, i.email_id, i.block, $2, i.signature
FROM unnest($3::uuid[], $4::bigint[], $5::bytea[]) AS i (email_id, block, signature)
CROSS JOIN LATERAL (SELECT FROM mailbox_emails WHERE account_id = $1 AND email_id = i.email_id OFFSET 0 FOR KEY SHARE) e
ON CONFLICT (account_id, email_id, block) DO UPDATE SET format = excluded.format, signature = excluded.signature
