UPDATE mailbox_accounts SET next_mailbox_id = next_mailbox_id + 1, modseq = modseq + 1,
  next_uid_validity = greatest(next_uid_validity + 1, extract(epoch FROM now())::bigint)
WHERE account_id = $1 RETURNING next_mailbox_id - 1, modseq, next_uid_validity
