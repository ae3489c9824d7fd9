-- Sieve scripts of an account.
CREATE TABLE mailbox_scripts (
  account_id bigint NOT NULL REFERENCES mailbox_accounts ON DELETE CASCADE,
  name text NOT NULL,
  content bytea NOT NULL,
  size bigint NOT NULL,
  active boolean NOT NULL DEFAULT false,
  modseq bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (account_id, name)
);
CREATE UNIQUE INDEX mailbox_scripts_active ON mailbox_scripts (account_id) WHERE active;

-- MODSEQ of the last change of any script while one is active (it may include others), else 0: who has compiled a script
-- knows by this number, which comes with the account's lock, whether it is still the right one.
ALTER TABLE mailbox_accounts ADD COLUMN sieve_generation bigint NOT NULL DEFAULT 0;
