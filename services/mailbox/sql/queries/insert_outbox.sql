INSERT INTO mailbox_outbox (account_id, outbox_id, request, created_at, next_attempt_at)
SELECT i.account_id, i.outbox_id, i.request, now(), now()
FROM unnest($1::bigint[], $2::uuid[], $3::bytea[]) AS i (account_id, outbox_id, request)
