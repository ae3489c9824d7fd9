-- Message by message: for a mailbox that is a small part of its account. $3: the format; $4 to $11: grams, some of them more
-- than once where there are fewer. LATERAL as in fetch_messages.sql.
SELECT m.uid FROM (SELECT uid, email_id FROM mailbox_messages WHERE account_id = $1 AND mailbox_id = $2 OFFSET 0) m
CROSS JOIN LATERAL (SELECT coalesce(bool_or(s.format <> $3 OR (
    get_bit(s.signature, $4 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $5 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $6 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $7 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $8 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $9 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $10 % (octet_length(s.signature) * 8)) = 1 AND
    get_bit(s.signature, $11 % (octet_length(s.signature) * 8)) = 1)), true) AS may_hold
  FROM mailbox_search s WHERE s.account_id = $1 AND s.email_id = m.email_id) f
WHERE f.may_hold
