-- The mail store. Every table of an account starts its key with account_id, so that the schema can be distributed by it.

-- One counter row an account: it gives MODSEQ to every change and is the lock that orders them.
CREATE TABLE mailbox_accounts (
  account_id bigint PRIMARY KEY,
  modseq bigint NOT NULL DEFAULT 1,
  used_bytes bigint NOT NULL DEFAULT 0,
  messages bigint NOT NULL DEFAULT 0,
  next_mailbox_id bigint NOT NULL DEFAULT 7,
  -- UIDVALIDITY of the next mailbox that is made: only upward, so that a name made again is told from the old one.
  next_uid_validity bigint NOT NULL DEFAULT extract(epoch FROM now())::bigint
) WITH (fillfactor = 50);

CREATE TABLE mailbox_mailboxes (
  account_id bigint NOT NULL REFERENCES mailbox_accounts ON DELETE CASCADE,
  mailbox_id bigint NOT NULL,
  name text NOT NULL,
  special_use text NOT NULL DEFAULT '',
  uid_validity bigint NOT NULL,
  uid_next bigint NOT NULL DEFAULT 1,
  highest_modseq bigint NOT NULL DEFAULT 1,
  messages bigint NOT NULL DEFAULT 0,
  unseen bigint NOT NULL DEFAULT 0,
  deleted bigint NOT NULL DEFAULT 0,
  size_bytes bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (account_id, mailbox_id),
  UNIQUE (account_id, name)
) WITH (fillfactor = 50);

CREATE TABLE mailbox_subscriptions (
  account_id bigint NOT NULL REFERENCES mailbox_accounts ON DELETE CASCADE,
  name text NOT NULL,
  PRIMARY KEY (account_id, name)
);

-- Content as received, once for all recipients. Keyed by the id of the message, which grows with time.
CREATE TABLE mailbox_blobs (
  blob_id uuid PRIMARY KEY,
  size bigint NOT NULL,
  sha256 bytea NOT NULL,
  content bytea NOT NULL
);
ALTER TABLE mailbox_blobs ALTER COLUMN content SET STORAGE EXTERNAL;

-- One immutable piece of content in an account.
CREATE TABLE mailbox_emails (
  account_id bigint NOT NULL,
  email_id uuid NOT NULL,
  blob_id uuid NOT NULL,
  thread_id uuid NOT NULL,
  size bigint NOT NULL,
  header_size bigint NOT NULL,
  received_at timestamptz NOT NULL,
  structure bytea NOT NULL,
  PRIMARY KEY (account_id, email_id)
);
CREATE INDEX mailbox_emails_by_blob ON mailbox_emails (blob_id);
ALTER TABLE mailbox_emails ALTER COLUMN structure SET STORAGE EXTERNAL;

-- The place of an email in a mailbox. flags: sorted, joined by spaces.
CREATE TABLE mailbox_messages (
  account_id bigint NOT NULL,
  mailbox_id bigint NOT NULL,
  uid bigint NOT NULL,
  email_id uuid NOT NULL,
  modseq bigint NOT NULL,
  size bigint NOT NULL,
  internal_date timestamptz NOT NULL,
  save_date timestamptz NOT NULL,
  flags text NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, uid)
);
CREATE INDEX mailbox_messages_by_modseq ON mailbox_messages (account_id, mailbox_id, modseq);
CREATE INDEX mailbox_messages_by_email ON mailbox_messages (account_id, email_id);

-- What was expunged, for clients that were away.
CREATE TABLE mailbox_vanished (
  account_id bigint NOT NULL,
  mailbox_id bigint NOT NULL,
  modseq bigint NOT NULL,
  uid bigint NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, modseq, uid)
);

-- What was delivered: a repeat finds its answer here, and a person the history.
CREATE TABLE mailbox_deliveries (
  mail_id uuid NOT NULL,
  account_id bigint NOT NULL,
  mailbox_id bigint NOT NULL,
  uid bigint NOT NULL,
  stored_at timestamptz NOT NULL,
  sender text NOT NULL,
  recipient text NOT NULL,
  -- pennypost.mailbox.v1.DeliverRequest with nothing but events.
  events bytea NOT NULL,
  PRIMARY KEY (mail_id, account_id)
);
CREATE INDEX mailbox_deliveries_by_recipient ON mailbox_deliveries (recipient, stored_at);
