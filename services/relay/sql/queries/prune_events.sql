DELETE FROM relay_events WHERE id IN (SELECT id FROM relay_events WHERE time < least($1, now() - $2 * interval '1 millisecond') LIMIT 5000)
