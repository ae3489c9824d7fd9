DELETE FROM relay_events WHERE id IN (SELECT id FROM relay_events WHERE time < $1 LIMIT 5000)
