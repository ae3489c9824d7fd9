-- Who is who. Addresses are stored in canonical form (mail::Address), so that equality is identity.
CREATE TABLE directory_domains (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant_id bigint NOT NULL DEFAULT 1,
  name text NOT NULL UNIQUE,
  alias_of text NOT NULL DEFAULT '',
  catch_all text NOT NULL DEFAULT '',
  enabled boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE directory_domain_keys (
  domain_id bigint NOT NULL REFERENCES directory_domains ON DELETE CASCADE,
  selector text NOT NULL,
  algorithm text NOT NULL,
  private_key_pem text NOT NULL,
  public_record text NOT NULL,
  PRIMARY KEY (domain_id, selector)
);

CREATE TABLE directory_accounts (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  domain_id bigint NOT NULL REFERENCES directory_domains,
  address text NOT NULL UNIQUE,
  display_name text NOT NULL DEFAULT '',
  quota_bytes bigint NOT NULL DEFAULT 0,
  enabled boolean NOT NULL DEFAULT true,
  role text NOT NULL DEFAULT 'user',
  password_hash text NOT NULL,
  scram_salt bytea NOT NULL,
  scram_iterations int NOT NULL,
  scram_stored_key bytea NOT NULL,
  scram_server_key bytea NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX directory_accounts_by_domain ON directory_accounts (domain_id, address);

CREATE TABLE directory_aliases (
  address text PRIMARY KEY,
  domain_id bigint NOT NULL REFERENCES directory_domains ON DELETE CASCADE,
  targets text[] NOT NULL,
  send_as boolean NOT NULL DEFAULT false
);
CREATE INDEX directory_aliases_by_domain ON directory_aliases (domain_id, address);
CREATE INDEX directory_aliases_by_target ON directory_aliases USING gin (targets);

CREATE TABLE directory_app_passwords (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account_id bigint NOT NULL REFERENCES directory_accounts ON DELETE CASCADE,
  label text NOT NULL,
  hash bytea NOT NULL,
  protocols text[] NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  last_used_at timestamptz
);
CREATE INDEX directory_app_passwords_by_account ON directory_app_passwords (account_id);

-- Failed logins: in PostgreSQL, because a wiped Redis must not unlock anybody.
CREATE TABLE directory_login_failures (
  login text NOT NULL,
  network text NOT NULL,
  failures int NOT NULL,
  first_at timestamptz NOT NULL,
  PRIMARY KEY (login, network)
);
