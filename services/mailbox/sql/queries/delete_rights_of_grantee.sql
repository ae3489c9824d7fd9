DELETE FROM mailbox_rights WHERE grantee_id = $1
