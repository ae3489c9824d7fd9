-- Of the next accounts: above all that were ever given out, whatever this database has forgotten.
WITH page AS (
  SELECT account_id FROM mailbox_accounts WHERE account_id > $1 ORDER BY account_id LIMIT $2),
mailboxes AS (
  UPDATE mailbox_mailboxes m SET uid_validity = greatest(m.uid_validity + 1, extract(epoch FROM now())::bigint)
  FROM page WHERE m.account_id = page.account_id)
UPDATE mailbox_accounts a SET next_uid_validity = greatest(a.next_uid_validity + 1, extract(epoch FROM now())::bigint)
FROM page WHERE a.account_id = page.account_id RETURNING a.account_id
