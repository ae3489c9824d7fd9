-- The look at all contents, whether they still are what was stored. It goes by key, in rounds; who takes a step sets next_at
-- ahead, so that one process works at a time and all together keep the pace.
CREATE TABLE mailbox_scrub (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  -- The last one looked at in this round; NULL between rounds.
  last_blob uuid,
  next_at timestamptz NOT NULL,
  -- Of this round or, between rounds, of the last one.
  started_at timestamptz,
  contents bigint NOT NULL DEFAULT 0,
  bytes bigint NOT NULL DEFAULT 0,
  finished_at timestamptz
);
INSERT INTO mailbox_scrub (next_at) VALUES (now());

-- What does not fit its checksum, until it does again or is gone.
CREATE TABLE mailbox_corrupt_blobs (
  blob_id uuid PRIMARY KEY,
  found_at timestamptz NOT NULL
);
