-- What was expunged can be restored for a time: the row keeps the email that the message was until the time is over. Rows of
-- moves never have one. Two partial indexes: each row is in one of them.
ALTER TABLE mailbox_vanished
  ADD COLUMN gone_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN email_id uuid,
  ADD COLUMN internal_date timestamptz,
  ADD COLUMN flags text;
CREATE INDEX mailbox_vanished_restorable ON mailbox_vanished (gone_at) WHERE email_id IS NOT NULL;
CREATE INDEX mailbox_vanished_old ON mailbox_vanished (gone_at) WHERE email_id IS NULL;
CREATE INDEX mailbox_vanished_by_email ON mailbox_vanished (account_id, email_id) WHERE email_id IS NOT NULL;

-- Up to this MODSEQ the record of what vanished may have been trimmed: who asks from before is told of all that is not there.
ALTER TABLE mailbox_mailboxes ADD COLUMN vanished_floor bigint NOT NULL DEFAULT 0;

-- Names of mailboxes that were deleted with messages: where restored ones go.
CREATE TABLE mailbox_deleted_mailboxes (
  account_id bigint NOT NULL REFERENCES mailbox_accounts ON DELETE CASCADE,
  mailbox_id bigint NOT NULL,
  name text NOT NULL,
  PRIMARY KEY (account_id, mailbox_id)
);

-- Contents that lost a reference: looked at after a time of grace, and removed where they have none.
CREATE TABLE mailbox_loose_blobs (
  blob_id uuid PRIMARY KEY,
  since timestamptz NOT NULL
);
CREATE INDEX mailbox_loose_blobs_since ON mailbox_loose_blobs (since);
