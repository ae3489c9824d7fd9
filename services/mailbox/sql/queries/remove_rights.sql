DELETE FROM mailbox_rights WHERE account_id = $1 AND mailbox_id = $2 AND grantee_id = $3
