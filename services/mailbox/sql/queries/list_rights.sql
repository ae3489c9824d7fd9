SELECT grantee_id, rights FROM mailbox_rights WHERE account_id = $1 AND mailbox_id = $2 ORDER BY grantee_id
