SELECT count(*) FILTER (WHERE d.state = 'queued'), count(*) FILTER (WHERE d.state = 'leased'),
       count(*) FILTER (WHERE d.state = 'held'), min(m.queued_at) FILTER (WHERE d.state = 'queued')
FROM relay_deliveries d JOIN relay_messages m USING (mail_id)
WHERE d.state IN ('queued', 'leased', 'held')
