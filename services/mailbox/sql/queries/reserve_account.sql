-- Takes the locks of a batch in one order and n steps of MODSEQ from each account.
WITH locked AS (
  SELECT account_id FROM mailbox_accounts WHERE account_id = ANY ($1::bigint[]) ORDER BY account_id FOR UPDATE
)
UPDATE mailbox_accounts a
SET modseq = a.modseq + i.n, used_bytes = a.used_bytes + i.bytes, messages = a.messages + i.n
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS i (account_id, n, bytes)
JOIN locked USING (account_id)
WHERE a.account_id = i.account_id
RETURNING a.account_id, a.modseq, a.used_bytes, a.sieve_generation,
  (SELECT generation FROM mailbox_domain_scripts_state WHERE only_row)
