SELECT 1 FROM relay_messages WHERE mail_id = $1 FOR UPDATE
