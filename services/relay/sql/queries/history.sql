SELECT mail_id, time, service, kind, sender, recipient, detail FROM relay_events WHERE mail_id = $1 ORDER BY id LIMIT 10000
