INSERT INTO mailbox_emails (account_id, email_id, blob_id, thread_id, size, header_size, received_at, structure)
SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::uuid[], $5::bigint[], $6::bigint[], $7::timestamptz[],
  $8::bytea[]) ON CONFLICT (account_id, email_id) DO NOTHING
