-- What others may do to a mailbox (RFC 4314): letters of its rights, by whom they are granted to. The owner has all of them
-- and no row.
CREATE TABLE mailbox_rights (
  account_id bigint NOT NULL,
  mailbox_id bigint NOT NULL,
  -- 0: anyone of the tenant.
  grantee_id bigint NOT NULL,
  -- Of both accounts when it was granted: a mailbox is not shared with another tenant.
  tenant_id bigint NOT NULL,
  rights text NOT NULL,
  PRIMARY KEY (account_id, mailbox_id, grantee_id),
  FOREIGN KEY (account_id, mailbox_id) REFERENCES mailbox_mailboxes (account_id, mailbox_id) ON DELETE CASCADE ON UPDATE CASCADE
);
-- What is shared with somebody.
CREATE INDEX mailbox_rights_by_grantee ON mailbox_rights (grantee_id, tenant_id);
