-- Messages after a MODSEQ and up to another whose emails have no signatures. A subquery with a value, since NOT EXISTS may
-- become a join that reads all signatures of the account for each message.
SELECT m.email_id, m.size, m.modseq FROM (SELECT email_id, size, modseq FROM mailbox_messages
  WHERE account_id = $1 AND modseq > $2 AND modseq <= $3 ORDER BY modseq OFFSET 0) m
WHERE (SELECT s.block FROM mailbox_search s WHERE s.account_id = $1 AND s.email_id = m.email_id AND s.block = 0) IS NULL
LIMIT $4
