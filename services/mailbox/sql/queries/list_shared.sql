-- What others share with an account of a tenant, with what it was granted itself and what all were. The columns as in
-- list_mailboxes; LATERAL as in fetch_messages.sql.
SELECT m.mailbox_id, m.name, m.uid_validity, m.uid_next, m.highest_modseq, m.messages, m.unseen, m.size_bytes, false, m.special_use,
  m.deleted, r.account_id, r.rights
FROM (SELECT account_id, mailbox_id, string_agg(rights, '') AS rights FROM mailbox_rights
  WHERE grantee_id IN (0, $1) AND tenant_id = $2 AND account_id <> $1 GROUP BY account_id, mailbox_id
  ORDER BY account_id, mailbox_id LIMIT $3) r
CROSS JOIN LATERAL (SELECT * FROM mailbox_mailboxes WHERE account_id = r.account_id AND mailbox_id = r.mailbox_id OFFSET 0) m
ORDER BY r.account_id, m.name
