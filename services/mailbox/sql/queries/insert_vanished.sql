-- Of a move: nothing to restore.
INSERT INTO mailbox_vanished (account_id, mailbox_id, modseq, uid) SELECT $1, $2, $3, unnest($4::bigint[])
