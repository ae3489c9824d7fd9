SELECT d.mail_id, d.account_id, d.mailbox_id, d.uid FROM mailbox_deliveries d
JOIN unnest($1::uuid[], $2::bigint[]) AS i (mail_id, account_id) ON d.mail_id = i.mail_id AND d.account_id = i.account_id
