WITH due AS (
  SELECT mail_id, rcpt_no FROM relay_deliveries
  WHERE state = 'queued' AND next_at <= $5 AND route <> ALL ($4::text[])
  ORDER BY next_at, mail_id, rcpt_no LIMIT $2 FOR UPDATE SKIP LOCKED)
UPDATE relay_deliveries d
SET state = 'leased', lease_owner = $1, lease_until = now() + $3 * interval '1 millisecond',
    lease_epoch = d.lease_epoch + 1, attempts = d.attempts + 1
FROM due WHERE d.mail_id = due.mail_id AND d.rcpt_no = due.rcpt_no
RETURNING d.mail_id, d.rcpt_no, d.lease_epoch, d.recipient, d.account_id, d.folder, d.quota_bytes, d.notify_never,
          d.notify_success, d.notify_failure, d.notify_delay, d.original_recipient, d.route, d.attempts,
          d.delay_reported
