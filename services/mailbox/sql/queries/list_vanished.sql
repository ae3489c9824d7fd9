SELECT DISTINCT uid FROM mailbox_vanished WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3 ORDER BY uid
