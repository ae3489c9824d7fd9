-- Before delete_old_vanished and with the same rows; the account is locked.
UPDATE mailbox_mailboxes m SET vanished_floor = greatest(m.vanished_floor, i.modseq)
FROM unnest($2::bigint[], $3::bigint[]) AS i (mailbox_id, modseq)
WHERE m.account_id = $1 AND m.mailbox_id = i.mailbox_id
