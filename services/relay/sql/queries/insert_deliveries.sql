INSERT INTO relay_deliveries (mail_id, rcpt_no, recipient, recipient_domain, account_id, folder, quota_bytes, notify_never,
                              notify_success, notify_failure, notify_delay, original_recipient, route, state, next_at,
                              last_reply)
SELECT $1, ordinality - 1, recipient, domain, account, folder, quota, (notify & 1) <> 0, (notify & 2) <> 0,
       (notify & 4) <> 0, (notify & 8) <> 0, original, route, $10, $11, $12
FROM unnest($2::text[], $3::text[], $4::bigint[], $5::text[], $6::bigint[], $7::bigint[], $8::text[], $9::text[])
     WITH ORDINALITY AS r (recipient, domain, account, folder, quota, notify, original, route, ordinality)
