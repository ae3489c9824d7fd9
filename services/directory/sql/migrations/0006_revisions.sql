-- Raised by each change: whoever decided on what he read, and wrote it later, must have read what is there.
ALTER TABLE directory_tenants ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE directory_domains ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE directory_accounts ADD COLUMN revision bigint NOT NULL DEFAULT 0;
ALTER TABLE directory_groups ADD COLUMN revision bigint NOT NULL DEFAULT 0;
