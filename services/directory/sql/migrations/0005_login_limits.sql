-- Where users logged in from: guesses from elsewhere must not lock them out there. `network` is an address (/64 for
-- IPv6) or the network around it.
CREATE TABLE directory_known_clients (
  login text NOT NULL,
  network text NOT NULL,
  last_at timestamptz NOT NULL,
  PRIMARY KEY (login, network)
);
-- For throwing away what is old.
CREATE INDEX directory_known_clients_by_age ON directory_known_clients (last_at);
CREATE INDEX directory_login_failures_by_age ON directory_login_failures (first_at);

-- What all processes must agree on. The salts that unknown users get: were they to change with a restart, they would
-- tell who exists.
CREATE TABLE directory_secrets (
  name text PRIMARY KEY,
  value bytea NOT NULL
);
INSERT INTO directory_secrets (name, value)
VALUES ('scram-salts', sha256((gen_random_uuid()::text || gen_random_uuid()::text)::bytea));
