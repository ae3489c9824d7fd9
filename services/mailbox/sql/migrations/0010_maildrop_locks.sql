-- One POP3 session an account (RFC 1939 4). A lock ends with its session, or by itself when the process that held it is gone.
-- Unlogged: a lock is of no use after a crash of the database, and a login must not wait for a disk.
CREATE UNLOGGED TABLE mailbox_maildrop_locks (
  account_id bigint PRIMARY KEY,
  holder uuid NOT NULL,
  expires_at timestamptz NOT NULL
) WITH (fillfactor = 50);
