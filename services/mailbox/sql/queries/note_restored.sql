-- Into the history of the messages: serialized events one after the other are their lists joined.
UPDATE mailbox_deliveries d SET events = d.events || i.event
FROM unnest($2::uuid[], $3::bytea[]) AS i (mail_id, event)
WHERE d.mail_id = i.mail_id AND d.account_id = $1
