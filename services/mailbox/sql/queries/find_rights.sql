-- What an account of a tenant was granted, itself and as one of all.
SELECT rights FROM mailbox_rights WHERE account_id = $1 AND mailbox_id = $2 AND grantee_id IN (0, $3) AND tenant_id = $4
