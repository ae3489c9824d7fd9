-- Who changed what, written with the change itself. Names, not references: an entry outlives what it speaks of.
CREATE TABLE directory_audit (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at timestamptz NOT NULL DEFAULT now(),
  -- Address of the person, or "platform".
  actor text NOT NULL,
  -- Service whose certificate the call came with; empty within the process and over a unix socket.
  caller text NOT NULL,
  action text NOT NULL,
  object text NOT NULL,
  -- Of the object; 0 where it belongs to none.
  tenant_id bigint NOT NULL,
  detail text NOT NULL
);
CREATE INDEX directory_audit_by_tenant ON directory_audit (tenant_id, id);
CREATE INDEX directory_audit_by_object ON directory_audit (object, id);
CREATE INDEX directory_audit_by_actor ON directory_audit (actor, id);

CREATE FUNCTION directory_audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER directory_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON directory_audit
  FOR EACH STATEMENT EXECUTE FUNCTION directory_audit_is_append_only();
