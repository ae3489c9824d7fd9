DELETE FROM relay_messages WHERE mail_id IN
  (SELECT mail_id FROM relay_messages WHERE finished_at < least($1, now() - $2 * interval '1 millisecond') LIMIT 1000)
