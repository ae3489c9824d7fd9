-- Made by tools/schema.py from sql/migrations: what they make together. Not run by anything.

CREATE TABLE public.mailbox_accounts (
    account_id bigint NOT NULL,
    modseq bigint DEFAULT 1 NOT NULL,
    used_bytes bigint DEFAULT 0 NOT NULL,
    messages bigint DEFAULT 0 NOT NULL,
    next_mailbox_id bigint DEFAULT 7 NOT NULL,
    next_uid_validity bigint DEFAULT (EXTRACT(epoch FROM now()))::bigint NOT NULL,
    sieve_generation bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.mailbox_blobs (
    blob_id uuid NOT NULL,
    size bigint NOT NULL,
    sha256 bytea NOT NULL,
    content bytea NOT NULL,
    object text DEFAULT ''::text NOT NULL
);
ALTER TABLE ONLY public.mailbox_blobs ALTER COLUMN content SET STORAGE EXTERNAL;

CREATE TABLE public.mailbox_corrupt_blobs (
    blob_id uuid NOT NULL,
    found_at timestamp with time zone NOT NULL
);

CREATE TABLE public.mailbox_deleted_mailboxes (
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.mailbox_deliveries (
    mail_id uuid NOT NULL,
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    uid bigint NOT NULL,
    stored_at timestamp with time zone NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    events bytea NOT NULL
);

CREATE TABLE public.mailbox_domain_scripts (
    domain text NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    size bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.mailbox_domain_scripts_state (
    only_row boolean DEFAULT true NOT NULL,
    generation bigint NOT NULL,
    CONSTRAINT mailbox_domain_scripts_state_only_row_check CHECK (only_row)
);

CREATE TABLE public.mailbox_emails (
    account_id bigint NOT NULL,
    email_id uuid NOT NULL,
    blob_id uuid NOT NULL,
    thread_id uuid NOT NULL,
    size bigint NOT NULL,
    header_size bigint NOT NULL,
    received_at timestamp with time zone NOT NULL,
    structure bytea NOT NULL
);
ALTER TABLE ONLY public.mailbox_emails ALTER COLUMN structure SET STORAGE EXTERNAL;

CREATE TABLE public.mailbox_loose_blobs (
    blob_id uuid NOT NULL,
    since timestamp with time zone NOT NULL
);

CREATE TABLE public.mailbox_mailboxes (
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    name text NOT NULL,
    special_use text DEFAULT ''::text NOT NULL,
    uid_validity bigint NOT NULL,
    uid_next bigint DEFAULT 1 NOT NULL,
    highest_modseq bigint DEFAULT 1 NOT NULL,
    messages bigint DEFAULT 0 NOT NULL,
    unseen bigint DEFAULT 0 NOT NULL,
    deleted bigint DEFAULT 0 NOT NULL,
    size_bytes bigint DEFAULT 0 NOT NULL,
    vanished_floor bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE UNLOGGED TABLE public.mailbox_maildrop_locks (
    account_id bigint NOT NULL,
    holder uuid NOT NULL,
    expires_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.mailbox_messages (
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    uid bigint NOT NULL,
    email_id uuid NOT NULL,
    modseq bigint NOT NULL,
    size bigint NOT NULL,
    internal_date timestamp with time zone NOT NULL,
    save_date timestamp with time zone NOT NULL,
    flags text NOT NULL
);

CREATE TABLE public.mailbox_metadata (
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    entry text NOT NULL,
    value bytea NOT NULL
);

CREATE TABLE public.mailbox_outbox (
    account_id bigint NOT NULL,
    outbox_id uuid NOT NULL,
    request bytea NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    attempts integer DEFAULT 0 NOT NULL
);
ALTER TABLE ONLY public.mailbox_outbox ALTER COLUMN request SET STORAGE EXTERNAL;

CREATE TABLE public.mailbox_remembered (
    account_id bigint NOT NULL,
    id bytea NOT NULL,
    expires_at timestamp with time zone NOT NULL
);

CREATE TABLE public.mailbox_rights (
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    grantee_id bigint NOT NULL,
    tenant_id bigint NOT NULL,
    rights text NOT NULL
);

CREATE TABLE public.mailbox_scripts (
    account_id bigint NOT NULL,
    name text NOT NULL,
    content bytea NOT NULL,
    size bigint NOT NULL,
    active boolean DEFAULT false NOT NULL,
    modseq bigint NOT NULL,
    updated_at timestamp with time zone NOT NULL
);

CREATE TABLE public.mailbox_scrub (
    only_row boolean DEFAULT true NOT NULL,
    last_blob uuid,
    next_at timestamp with time zone NOT NULL,
    started_at timestamp with time zone,
    contents bigint DEFAULT 0 NOT NULL,
    bytes bigint DEFAULT 0 NOT NULL,
    finished_at timestamp with time zone,
    CONSTRAINT mailbox_scrub_only_row_check CHECK (only_row)
);

CREATE TABLE public.mailbox_search (
    account_id bigint NOT NULL,
    email_id uuid NOT NULL,
    block integer NOT NULL,
    format smallint NOT NULL,
    signature bytea NOT NULL
);
ALTER TABLE ONLY public.mailbox_search ALTER COLUMN signature SET STORAGE PLAIN;

CREATE TABLE public.mailbox_search_accounts (
    account_id bigint NOT NULL,
    indexed_modseq bigint DEFAULT 0 NOT NULL,
    busy_until timestamp with time zone DEFAULT '-infinity'::timestamp with time zone NOT NULL,
    turn bigint DEFAULT 0 NOT NULL
)
WITH (fillfactor='50');

CREATE TABLE public.mailbox_subscriptions (
    account_id bigint NOT NULL,
    name text NOT NULL
);

CREATE TABLE public.mailbox_vanished (
    account_id bigint NOT NULL,
    mailbox_id bigint NOT NULL,
    modseq bigint NOT NULL,
    uid bigint NOT NULL,
    gone_at timestamp with time zone DEFAULT now() NOT NULL,
    email_id uuid,
    internal_date timestamp with time zone,
    flags text
);

ALTER TABLE ONLY public.mailbox_accounts
    ADD CONSTRAINT mailbox_accounts_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.mailbox_blobs
    ADD CONSTRAINT mailbox_blobs_pkey PRIMARY KEY (blob_id);

ALTER TABLE ONLY public.mailbox_corrupt_blobs
    ADD CONSTRAINT mailbox_corrupt_blobs_pkey PRIMARY KEY (blob_id);

ALTER TABLE ONLY public.mailbox_deleted_mailboxes
    ADD CONSTRAINT mailbox_deleted_mailboxes_pkey PRIMARY KEY (account_id, mailbox_id);

ALTER TABLE ONLY public.mailbox_deliveries
    ADD CONSTRAINT mailbox_deliveries_pkey PRIMARY KEY (mail_id, account_id);

ALTER TABLE ONLY public.mailbox_domain_scripts
    ADD CONSTRAINT mailbox_domain_scripts_pkey PRIMARY KEY (domain, name);

ALTER TABLE ONLY public.mailbox_domain_scripts_state
    ADD CONSTRAINT mailbox_domain_scripts_state_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.mailbox_emails
    ADD CONSTRAINT mailbox_emails_pkey PRIMARY KEY (account_id, email_id);

ALTER TABLE ONLY public.mailbox_loose_blobs
    ADD CONSTRAINT mailbox_loose_blobs_pkey PRIMARY KEY (blob_id);

ALTER TABLE ONLY public.mailbox_mailboxes
    ADD CONSTRAINT mailbox_mailboxes_account_id_name_key UNIQUE (account_id, name);

ALTER TABLE ONLY public.mailbox_mailboxes
    ADD CONSTRAINT mailbox_mailboxes_pkey PRIMARY KEY (account_id, mailbox_id);

ALTER TABLE ONLY public.mailbox_maildrop_locks
    ADD CONSTRAINT mailbox_maildrop_locks_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.mailbox_messages
    ADD CONSTRAINT mailbox_messages_pkey PRIMARY KEY (account_id, mailbox_id, uid);

ALTER TABLE ONLY public.mailbox_metadata
    ADD CONSTRAINT mailbox_metadata_pkey PRIMARY KEY (account_id, mailbox_id, entry);

ALTER TABLE ONLY public.mailbox_outbox
    ADD CONSTRAINT mailbox_outbox_pkey PRIMARY KEY (account_id, outbox_id);

ALTER TABLE ONLY public.mailbox_remembered
    ADD CONSTRAINT mailbox_remembered_pkey PRIMARY KEY (account_id, id);

ALTER TABLE ONLY public.mailbox_rights
    ADD CONSTRAINT mailbox_rights_pkey PRIMARY KEY (account_id, mailbox_id, grantee_id);

ALTER TABLE ONLY public.mailbox_scripts
    ADD CONSTRAINT mailbox_scripts_pkey PRIMARY KEY (account_id, name);

ALTER TABLE ONLY public.mailbox_scrub
    ADD CONSTRAINT mailbox_scrub_pkey PRIMARY KEY (only_row);

ALTER TABLE ONLY public.mailbox_search_accounts
    ADD CONSTRAINT mailbox_search_accounts_pkey PRIMARY KEY (account_id);

ALTER TABLE ONLY public.mailbox_search
    ADD CONSTRAINT mailbox_search_pkey PRIMARY KEY (account_id, email_id, block);

ALTER TABLE ONLY public.mailbox_subscriptions
    ADD CONSTRAINT mailbox_subscriptions_pkey PRIMARY KEY (account_id, name);

ALTER TABLE ONLY public.mailbox_vanished
    ADD CONSTRAINT mailbox_vanished_pkey PRIMARY KEY (account_id, mailbox_id, modseq, uid);

CREATE INDEX mailbox_deliveries_by_recipient ON public.mailbox_deliveries USING btree (recipient, stored_at);

CREATE INDEX mailbox_emails_by_blob ON public.mailbox_emails USING btree (blob_id);

CREATE INDEX mailbox_loose_blobs_since ON public.mailbox_loose_blobs USING btree (since);

CREATE INDEX mailbox_messages_by_email ON public.mailbox_messages USING btree (account_id, email_id);

CREATE INDEX mailbox_messages_by_modseq ON public.mailbox_messages USING btree (account_id, modseq, mailbox_id);

CREATE INDEX mailbox_outbox_due ON public.mailbox_outbox USING btree (next_attempt_at);

CREATE INDEX mailbox_remembered_expired ON public.mailbox_remembered USING btree (expires_at);

CREATE INDEX mailbox_rights_by_grantee ON public.mailbox_rights USING btree (grantee_id, tenant_id);

CREATE UNIQUE INDEX mailbox_scripts_active ON public.mailbox_scripts USING btree (account_id) WHERE active;

CREATE INDEX mailbox_vanished_by_email ON public.mailbox_vanished USING btree (account_id, email_id) WHERE (email_id IS NOT NULL);

CREATE INDEX mailbox_vanished_old ON public.mailbox_vanished USING btree (gone_at) WHERE (email_id IS NULL);

CREATE INDEX mailbox_vanished_restorable ON public.mailbox_vanished USING btree (gone_at) WHERE (email_id IS NOT NULL);

ALTER TABLE ONLY public.mailbox_deleted_mailboxes
    ADD CONSTRAINT mailbox_deleted_mailboxes_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_mailboxes
    ADD CONSTRAINT mailbox_mailboxes_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_metadata
    ADD CONSTRAINT mailbox_metadata_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_outbox
    ADD CONSTRAINT mailbox_outbox_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_remembered
    ADD CONSTRAINT mailbox_remembered_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_rights
    ADD CONSTRAINT mailbox_rights_account_id_mailbox_id_fkey FOREIGN KEY (account_id, mailbox_id) REFERENCES public.mailbox_mailboxes(account_id, mailbox_id) ON UPDATE CASCADE ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_scripts
    ADD CONSTRAINT mailbox_scripts_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_search
    ADD CONSTRAINT mailbox_search_account_id_email_id_fkey FOREIGN KEY (account_id, email_id) REFERENCES public.mailbox_emails(account_id, email_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_search_accounts
    ADD CONSTRAINT mailbox_search_accounts_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;

ALTER TABLE ONLY public.mailbox_subscriptions
    ADD CONSTRAINT mailbox_subscriptions_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.mailbox_accounts(account_id) ON DELETE CASCADE;
