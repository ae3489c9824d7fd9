UPDATE relay_deliveries t
SET state = $7, next_at = $8, last_reply = CASE WHEN $9 = '' THEN t.last_reply ELSE $9 END, lease_owner = '',
    lease_until = NULL, lease_epoch = t.lease_epoch + 1
FROM relay_deliveries d JOIN relay_messages m USING (mail_id)
WHERE t.mail_id = d.mail_id AND t.rcpt_no = d.rcpt_no AND ($1::uuid IS NULL OR d.mail_id = $1) AND ($2 = '' OR m.sender = $2) AND ($3 = '' OR d.recipient = $3)
  AND ($4 = '' OR d.recipient_domain = $4) AND ($5 = '' OR d.state = $5)
  AND d.state = ANY ($6::text[]) AND t.state = ANY ($6::text[])
RETURNING t.mail_id, m.sender, t.recipient
