-- Of a new mailbox: those of the mailbox above it.
INSERT INTO mailbox_rights (account_id, mailbox_id, grantee_id, tenant_id, rights)
SELECT r.account_id, $2, r.grantee_id, r.tenant_id, r.rights FROM mailbox_mailboxes m
CROSS JOIN LATERAL (SELECT * FROM mailbox_rights WHERE account_id = $1 AND mailbox_id = m.mailbox_id OFFSET 0) r
WHERE m.account_id = $1 AND m.name = $3
