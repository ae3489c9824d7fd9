INSERT INTO relay_events (mail_id, time, service, kind, sender, recipient, detail)
SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[])
