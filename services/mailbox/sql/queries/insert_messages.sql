INSERT INTO mailbox_messages (account_id, mailbox_id, uid, email_id, modseq, size, internal_date, save_date, flags)
SELECT i.account_id, i.mailbox_id, i.uid, i.email_id, i.modseq, i.size, i.internal_date, now(), i.flags
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[], $8::text[])
  AS i (account_id, mailbox_id, uid, email_id, modseq, size, internal_date, flags)
