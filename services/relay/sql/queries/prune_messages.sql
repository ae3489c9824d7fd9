DELETE FROM relay_messages WHERE mail_id IN
  (SELECT mail_id FROM relay_messages WHERE finished_at < $1 LIMIT 1000)
