UPDATE relay_deliveries d
SET state = 'queued', next_at = now(), lease_owner = '', lease_until = NULL, lease_epoch = d.lease_epoch + 1
FROM (SELECT mail_id, rcpt_no FROM relay_deliveries WHERE state = 'leased' AND lease_until < now()
      LIMIT 1000 FOR UPDATE SKIP LOCKED) e
WHERE d.mail_id = e.mail_id AND d.rcpt_no = e.rcpt_no
