INSERT INTO mailbox_rights (account_id, mailbox_id, grantee_id, tenant_id, rights) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (account_id, mailbox_id, grantee_id) DO UPDATE SET tenant_id = excluded.tenant_id, rights = excluded.rights
