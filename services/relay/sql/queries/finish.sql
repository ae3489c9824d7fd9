UPDATE relay_deliveries
SET state = $4, next_at = $5, last_reply = $6, delay_reported = $7, lease_owner = '', lease_until = NULL
WHERE mail_id = $1 AND rcpt_no = $2 AND lease_epoch = $3 AND state = 'leased'
