DELETE FROM mailbox_metadata WHERE account_id = $1 AND mailbox_id = $2 AND entry = ANY ($3::text[])
