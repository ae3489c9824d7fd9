-- Over all signatures of the account, in the order of their key: a tenth of the time that search_mailbox takes for each.
-- The messages without signatures are among those after the MODSEQ up to which all have them. Parameters as there;
-- the subquery as in find_unindexed_emails.sql.
SELECT m.uid FROM (SELECT s.email_id FROM mailbox_search s WHERE s.account_id = $1 AND (s.format <> $3 OR (
    get_bit(s.signature, $4 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $5 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $6 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $7 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $8 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $9 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $10 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $11 % (octet_length(s.signature) * 8)) = 1)) OFFSET 0) f
CROSS JOIN LATERAL (SELECT uid FROM mailbox_messages
  WHERE account_id = $1 AND email_id = f.email_id AND mailbox_id = $2 OFFSET 0) m
UNION ALL
SELECT m.uid FROM (SELECT uid, email_id FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2 AND modseq > coalesce(
  (SELECT indexed_modseq FROM mailbox_search_accounts WHERE account_id = $1), 0) OFFSET 0) m
WHERE (SELECT s.block FROM mailbox_search s WHERE s.account_id = $1 AND s.email_id = m.email_id AND s.block = 0) IS NULL
