SELECT mail_id FROM relay_messages WHERE mail_id = ANY ($1::uuid[]) ORDER BY mail_id FOR UPDATE
