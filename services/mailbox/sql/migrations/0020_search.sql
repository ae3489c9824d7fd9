-- The search index: what text of each email may be found by (libs/search/signature.h), a row for each block of it. Written
-- after the commit of the message; an email without rows is searched by reading it.
CREATE TABLE mailbox_search (
  account_id bigint NOT NULL,
  email_id uuid NOT NULL,
  block int NOT NULL,
  format smallint NOT NULL,
  signature bytea NOT NULL,
  PRIMARY KEY (account_id, email_id, block),
  FOREIGN KEY (account_id, email_id) REFERENCES mailbox_emails ON DELETE CASCADE
);
-- A few hundred bytes, never more than half a page, that a search looks into: in the row, as they are.
ALTER TABLE mailbox_search ALTER COLUMN signature SET STORAGE PLAIN;

-- How far the index of an account is: each email of a message up to that MODSEQ has its rows. Without a row: none.
CREATE TABLE mailbox_search_accounts (
  account_id bigint PRIMARY KEY REFERENCES mailbox_accounts ON DELETE CASCADE,
  indexed_modseq bigint NOT NULL DEFAULT 0,
  -- Who indexes has the turn until then. The number fences off who lost it.
  busy_until timestamptz NOT NULL DEFAULT '-infinity',
  turn bigint NOT NULL DEFAULT 0
) WITH (fillfactor = 50);
