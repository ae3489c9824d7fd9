-- Annotations of mailboxes (RFC 5464); mailbox 0 is the account. Entry names are in lower case.
CREATE TABLE mailbox_metadata (
  account_id bigint NOT NULL REFERENCES mailbox_accounts ON DELETE CASCADE,
  mailbox_id bigint NOT NULL,
  entry text NOT NULL,
  value bytea NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, entry)
);
