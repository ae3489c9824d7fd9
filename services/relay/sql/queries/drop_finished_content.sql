-- The messages are locked (lock_messages.sql). Counted for each by its key; state and finished_at as state in finish.sql.
UPDATE relay_messages m SET content = NULL, finished_at = $2
FROM unnest($1::uuid[]) AS i (mail_id)
CROSS JOIN LATERAL (SELECT count(*) AS deliveries FROM relay_deliveries d
  WHERE d.mail_id = i.mail_id AND d.state || '' IN ('queued', 'leased', 'held')) open
WHERE m.mail_id = i.mail_id AND coalesce(m.finished_at, 'infinity') = 'infinity' AND open.deliveries = 0
