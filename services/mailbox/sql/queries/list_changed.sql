-- Sorted outside, so that the index of MODSEQ is taken and not the one that has the order.
SELECT * FROM (SELECT uid, modseq, size, internal_date, flags FROM mailbox_messages
  WHERE account_id = $1 AND mailbox_id = $2 AND modseq > $3 OFFSET 0) changed
ORDER BY uid
