SELECT mail_id, time, service, kind, sender, recipient, detail
FROM ((SELECT * FROM relay_events WHERE sender = $1 ORDER BY id DESC LIMIT $2)
      UNION (SELECT * FROM relay_events WHERE recipient = $1 ORDER BY id DESC LIMIT $2)) e
ORDER BY id DESC LIMIT $2
