-- What scripts remember of earlier mail: whom vacation answered, the ids of the duplicate test, what was redirected.
CREATE TABLE mailbox_remembered (
  account_id bigint NOT NULL REFERENCES mailbox_accounts ON DELETE CASCADE,
  id bytea NOT NULL,
  expires_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, id)
);
CREATE INDEX mailbox_remembered_expired ON mailbox_remembered (expires_at);

-- Mail of scripts on its way to relay. The id is relay's request id: handing it over twice sends it once.
CREATE TABLE mailbox_outbox (
  account_id bigint NOT NULL REFERENCES mailbox_accounts ON DELETE CASCADE,
  outbox_id uuid NOT NULL,
  -- pennypost.relay.v1.EnqueueRequest
  request bytea NOT NULL,
  created_at timestamptz NOT NULL,
  next_attempt_at timestamptz NOT NULL,
  attempts int NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, outbox_id)
);
ALTER TABLE mailbox_outbox ALTER COLUMN request SET STORAGE EXTERNAL;
CREATE INDEX mailbox_outbox_due ON mailbox_outbox (next_attempt_at);
