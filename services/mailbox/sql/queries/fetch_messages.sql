-- $4: structure, $5: header, $6: all of the content.
-- LATERAL with OFFSET 0: look-ups by key, whatever the planner believed about the tables when it planned this once for all.
SELECT i.uid, CASE WHEN $4 THEN e.structure END, CASE WHEN $5 THEN substring(b.content FROM 1 FOR e.header_size::int) END,
  CASE WHEN $6 THEN b.content END, m.email_id, e.thread_id, m.save_date, m.size, CASE WHEN $6 THEN b.sha256 END, CASE WHEN $6 THEN b.object END
FROM unnest($3::bigint[]) AS i (uid)
CROSS JOIN LATERAL (SELECT email_id, save_date, size FROM mailbox_messages
  WHERE account_id = $1 AND mailbox_id = $2 AND uid = i.uid OFFSET 0) m
CROSS JOIN LATERAL (SELECT blob_id, structure, header_size, thread_id FROM mailbox_emails
  WHERE account_id = $1 AND email_id = m.email_id OFFSET 0) e
LEFT JOIN LATERAL (SELECT content, sha256, object FROM mailbox_blobs WHERE blob_id = e.blob_id AND ($5 OR $6) OFFSET 0) b ON true
