-- next_at stays as it is: it was due by the clock of a worker, which is not the one here. A lease that ends further away than
-- any lease lasts was given before the clock here was turned back.
UPDATE relay_deliveries d
SET state = 'queued', lease_owner = '', lease_until = NULL, lease_epoch = d.lease_epoch + 1
FROM (SELECT mail_id, rcpt_no FROM relay_deliveries
      WHERE state = 'leased' AND (lease_until < now() OR lease_until > now() + $1 * interval '1 millisecond')
      LIMIT 1000 FOR UPDATE SKIP LOCKED) e
WHERE d.mail_id = e.mail_id AND d.rcpt_no = e.rcpt_no
