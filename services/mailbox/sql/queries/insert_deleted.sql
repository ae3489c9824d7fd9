-- Of an expunge: with what a restore needs.
INSERT INTO mailbox_vanished (account_id, mailbox_id, modseq, uid, email_id, internal_date, flags)
SELECT $1, $2, $3, i.uid, i.email_id, i.internal_date, i.flags
FROM unnest($4::bigint[], $5::uuid[], $6::timestamptz[], $7::text[]) AS i (uid, email_id, internal_date, flags)
