-- Takes n UIDs from each mailbox and counts what will be stored there. The accounts are locked.
UPDATE mailbox_mailboxes m
SET uid_next = m.uid_next + i.n, messages = m.messages + i.n, unseen = m.unseen + i.unseen, deleted = m.deleted + i.deleted,
  size_bytes = m.size_bytes + i.bytes, highest_modseq = a.modseq
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[])
  AS i (account_id, mailbox_id, n, unseen, deleted, bytes)
JOIN mailbox_accounts a ON a.account_id = i.account_id
WHERE m.account_id = i.account_id AND m.mailbox_id = i.mailbox_id
RETURNING m.account_id, m.mailbox_id, m.uid_next, m.uid_validity
