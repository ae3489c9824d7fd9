WITH old AS (
  DELETE FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2
  RETURNING uid, email_id, size, internal_date, save_date, flags)
INSERT INTO mailbox_messages (account_id, mailbox_id, uid, email_id, modseq, size, internal_date, save_date, flags)
SELECT $1, $3, row_number() OVER (ORDER BY uid), email_id, $4, size, internal_date, save_date, flags FROM old
