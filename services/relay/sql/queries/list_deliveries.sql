SELECT d.mail_id, d.rcpt_no, m.sender, d.recipient, d.state, d.attempts, m.queued_at, d.next_at, d.last_reply, d.route, m.size
FROM relay_deliveries d JOIN relay_messages m USING (mail_id)
WHERE ($1::uuid IS NULL OR d.mail_id = $1) AND ($2 = '' OR m.sender = $2) AND ($3 = '' OR d.recipient = $3)
  AND ($4 = '' OR d.recipient_domain = $4) AND ($5 = '' OR d.state = $5)
  AND (d.mail_id, d.rcpt_no) > ($6, $7)
ORDER BY d.mail_id, d.rcpt_no LIMIT $8
