INSERT INTO mailbox_deliveries (mail_id, account_id, mailbox_id, uid, stored_at, sender, recipient, events)
SELECT i.mail_id, i.account_id, i.mailbox_id, i.uid, now(), i.sender, i.recipient, i.events
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::bytea[])
  AS i (mail_id, account_id, mailbox_id, uid, sender, recipient, events)
