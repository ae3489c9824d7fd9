-- What a change does to the counters of a mailbox.
UPDATE mailbox_mailboxes SET messages = messages + $3, unseen = unseen + $4, deleted = deleted + $5,
  size_bytes = size_bytes + $6, highest_modseq = $7
WHERE account_id = $1 AND mailbox_id = $2
