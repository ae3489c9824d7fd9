-- Addresses with members and a rule who may post. Members are addresses, here or elsewhere, in canonical form.
CREATE TABLE directory_groups (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  domain_id bigint NOT NULL REFERENCES directory_domains ON DELETE CASCADE,
  address text NOT NULL UNIQUE,
  display_name text NOT NULL DEFAULT '',
  -- anyone, tenant, domain, members.
  posting text NOT NULL,
  send_as boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX directory_groups_by_domain ON directory_groups (domain_id, address);

CREATE TABLE directory_group_members (
  group_id bigint NOT NULL REFERENCES directory_groups ON DELETE CASCADE,
  member text NOT NULL,
  PRIMARY KEY (group_id, member)
);
CREATE INDEX directory_group_members_by_member ON directory_group_members (member);
