WITH counter AS (
  UPDATE mailbox_accounts SET next_mailbox_id = next_mailbox_id + 1,
    next_uid_validity = greatest(next_uid_validity + 1, extract(epoch FROM now())::bigint)
  WHERE account_id = $1 RETURNING next_mailbox_id - 1 AS mailbox_id, next_uid_validity, modseq
)
INSERT INTO mailbox_mailboxes (account_id, mailbox_id, name, special_use, uid_validity, highest_modseq)
SELECT $1, mailbox_id, $2, $3, next_uid_validity, modseq FROM counter RETURNING mailbox_id
