SELECT count(*) FROM relay_deliveries d JOIN relay_messages m USING (mail_id)
WHERE ($1::uuid IS NULL OR d.mail_id = $1) AND ($2 = '' OR m.sender = $2) AND ($3 = '' OR d.recipient = $3)
  AND ($4 = '' OR d.recipient_domain = $4) AND ($5 = '' OR d.state = $5)
  AND d.state = ANY ($6::text[])
