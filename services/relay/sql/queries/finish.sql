-- state || '': by the key of each, not by the index of all that is leased.
UPDATE relay_deliveries d
SET state = o.state, next_at = o.next_at, last_reply = o.reply, delay_reported = o.delay_reported <> 0,
    lease_owner = '', lease_until = NULL
FROM unnest($1::uuid[], $2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::text[], $7::bigint[])
     AS o (mail_id, rcpt_no, epoch, state, next_at, reply, delay_reported)
WHERE d.mail_id = o.mail_id AND d.rcpt_no = o.rcpt_no AND d.lease_epoch = o.epoch AND d.state || '' = 'leased'
RETURNING d.mail_id, d.rcpt_no, d.lease_epoch
