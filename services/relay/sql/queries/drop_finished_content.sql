UPDATE relay_messages m SET content = NULL, finished_at = $2
WHERE m.mail_id = ANY ($1::uuid[]) AND m.finished_at IS NULL
  AND NOT EXISTS (SELECT 1 FROM relay_deliveries d
                  WHERE d.mail_id = m.mail_id AND d.state IN ('queued', 'leased', 'held'))
