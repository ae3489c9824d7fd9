-- Sieve scripts of domains: "before" and "after" run around each account's own, the others can be included.
CREATE TABLE mailbox_domain_scripts (
  domain text NOT NULL,
  name text NOT NULL,
  content bytea NOT NULL,
  size bigint NOT NULL,
  updated_at timestamptz NOT NULL,
  PRIMARY KEY (domain, name)
);

-- Rises with each change of any of them; comes with the accounts' locks, as sieve_generation does.
CREATE TABLE mailbox_domain_scripts_state (
  only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
  generation bigint NOT NULL
);
INSERT INTO mailbox_domain_scripts_state (generation) VALUES (0);
