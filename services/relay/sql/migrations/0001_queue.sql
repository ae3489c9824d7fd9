-- Messages in the queue. The content goes when the last delivery is final; the row stays a while, so that a repeated
-- Enqueue is known.
CREATE TABLE relay_messages (
  mail_id uuid PRIMARY KEY,
  sender text NOT NULL,
  return_headers_only boolean NOT NULL,
  envelope_id text NOT NULL,
  smtputf8 boolean NOT NULL,
  body_8bit boolean NOT NULL,
  auth_user text NOT NULL,
  own_report boolean NOT NULL,
  queued_at timestamptz NOT NULL,
  size bigint NOT NULL,
  content bytea,
  signature text,
  finished_at timestamptz
);
ALTER TABLE relay_messages ALTER COLUMN content SET STORAGE EXTERNAL;
CREATE INDEX relay_messages_by_sender ON relay_messages (sender) WHERE finished_at IS NULL;
CREATE INDEX relay_messages_finished ON relay_messages (finished_at) WHERE finished_at IS NOT NULL;

-- One row a recipient. A worker owns a row by its lease: lease_epoch only rises, and each write names it.
CREATE TABLE relay_deliveries (
  mail_id uuid NOT NULL REFERENCES relay_messages ON DELETE CASCADE,
  rcpt_no int NOT NULL,
  recipient text NOT NULL,
  recipient_domain text NOT NULL,
  account_id bigint NOT NULL,
  folder text NOT NULL,
  quota_bytes bigint NOT NULL,
  notify_never boolean NOT NULL,
  notify_success boolean NOT NULL,
  notify_failure boolean NOT NULL,
  notify_delay boolean NOT NULL,
  original_recipient text NOT NULL,
  route text NOT NULL,
  state text NOT NULL CHECK (state IN ('queued', 'leased', 'held', 'delivered', 'bounced', 'cancelled')),
  attempts int NOT NULL DEFAULT 0,
  next_at timestamptz NOT NULL,
  lease_owner text NOT NULL DEFAULT '',
  lease_until timestamptz,
  lease_epoch bigint NOT NULL DEFAULT 0,
  last_reply text NOT NULL DEFAULT '',
  delay_reported boolean NOT NULL DEFAULT false,
  PRIMARY KEY (mail_id, rcpt_no)
);
CREATE INDEX relay_deliveries_due ON relay_deliveries (next_at, mail_id, rcpt_no) WHERE state = 'queued';
CREATE INDEX relay_deliveries_leased ON relay_deliveries (lease_until) WHERE state = 'leased';
CREATE INDEX relay_deliveries_held ON relay_deliveries (mail_id) WHERE state = 'held';
CREATE INDEX relay_deliveries_open_by_domain ON relay_deliveries (recipient_domain)
  WHERE state IN ('queued', 'leased', 'held');

-- What happened, for people: never read by the queue itself.
CREATE TABLE relay_events (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  mail_id uuid NOT NULL,
  time timestamptz NOT NULL,
  service text NOT NULL,
  kind text NOT NULL,
  sender text NOT NULL,
  recipient text NOT NULL,
  detail text NOT NULL
);
CREATE INDEX relay_events_by_mail ON relay_events (mail_id, id);
CREATE INDEX relay_events_by_sender ON relay_events (sender, id);
CREATE INDEX relay_events_by_recipient ON relay_events (recipient, id);
CREATE INDEX relay_events_by_time ON relay_events (time);
