UPDATE mailbox_mailboxes SET mailbox_id = $3, highest_modseq = $4, vanished_floor = $4, uid_validity = $5, uid_next = messages + 1
WHERE account_id = $1 AND mailbox_id = $2
