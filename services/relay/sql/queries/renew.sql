-- state as in finish.sql.
UPDATE relay_deliveries d SET lease_until = now() + $4 * interval '1 millisecond'
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS l (mail_id, rcpt_no, epoch)
WHERE d.mail_id = l.mail_id AND d.rcpt_no = l.rcpt_no AND d.lease_epoch = l.epoch AND d.state || '' = 'leased'
RETURNING d.mail_id, d.rcpt_no, d.lease_epoch
