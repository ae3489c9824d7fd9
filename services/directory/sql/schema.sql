-- Made by tools/schema.py from sql/migrations: what they make together. Not run by anything.

CREATE TABLE public.directory_accounts (
    id bigint NOT NULL,
    domain_id bigint NOT NULL,
    address text NOT NULL,
    display_name text DEFAULT ''::text NOT NULL,
    quota_bytes bigint DEFAULT 0 NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    role text DEFAULT 'user'::text NOT NULL,
    password_hash text NOT NULL,
    scram_salt bytea NOT NULL,
    scram_iterations integer NOT NULL,
    scram_stored_key bytea NOT NULL,
    scram_server_key bytea NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.directory_accounts ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.directory_accounts_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.directory_aliases (
    address text NOT NULL,
    domain_id bigint NOT NULL,
    targets text[] NOT NULL,
    send_as boolean DEFAULT false NOT NULL
);

CREATE TABLE public.directory_app_passwords (
    id bigint NOT NULL,
    account_id bigint NOT NULL,
    label text NOT NULL,
    hash bytea NOT NULL,
    protocols text[] NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    last_used_at timestamp with time zone
);

ALTER TABLE public.directory_app_passwords ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.directory_app_passwords_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.directory_domain_keys (
    domain_id bigint NOT NULL,
    selector text NOT NULL,
    algorithm text NOT NULL,
    private_key_pem text NOT NULL,
    public_record text NOT NULL
);

CREATE TABLE public.directory_domains (
    id bigint NOT NULL,
    tenant_id bigint DEFAULT 1 NOT NULL,
    name text NOT NULL,
    alias_of text DEFAULT ''::text NOT NULL,
    catch_all text DEFAULT ''::text NOT NULL,
    enabled boolean DEFAULT true NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE public.directory_domains ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.directory_domains_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.directory_login_failures (
    login text NOT NULL,
    network text NOT NULL,
    failures integer NOT NULL,
    first_at timestamp with time zone NOT NULL
);

ALTER TABLE ONLY public.directory_accounts
    ADD CONSTRAINT directory_accounts_address_key UNIQUE (address);

ALTER TABLE ONLY public.directory_accounts
    ADD CONSTRAINT directory_accounts_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.directory_aliases
    ADD CONSTRAINT directory_aliases_pkey PRIMARY KEY (address);

ALTER TABLE ONLY public.directory_app_passwords
    ADD CONSTRAINT directory_app_passwords_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.directory_domain_keys
    ADD CONSTRAINT directory_domain_keys_pkey PRIMARY KEY (domain_id, selector);

ALTER TABLE ONLY public.directory_domains
    ADD CONSTRAINT directory_domains_name_key UNIQUE (name);

ALTER TABLE ONLY public.directory_domains
    ADD CONSTRAINT directory_domains_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.directory_login_failures
    ADD CONSTRAINT directory_login_failures_pkey PRIMARY KEY (login, network);

CREATE INDEX directory_accounts_by_domain ON public.directory_accounts USING btree (domain_id, address);

CREATE INDEX directory_aliases_by_domain ON public.directory_aliases USING btree (domain_id, address);

CREATE INDEX directory_aliases_by_target ON public.directory_aliases USING gin (targets);

CREATE INDEX directory_app_passwords_by_account ON public.directory_app_passwords USING btree (account_id);

ALTER TABLE ONLY public.directory_accounts
    ADD CONSTRAINT directory_accounts_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES public.directory_domains(id);

ALTER TABLE ONLY public.directory_aliases
    ADD CONSTRAINT directory_aliases_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES public.directory_domains(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.directory_app_passwords
    ADD CONSTRAINT directory_app_passwords_account_id_fkey FOREIGN KEY (account_id) REFERENCES public.directory_accounts(id) ON DELETE CASCADE;

ALTER TABLE ONLY public.directory_domain_keys
    ADD CONSTRAINT directory_domain_keys_domain_id_fkey FOREIGN KEY (domain_id) REFERENCES public.directory_domains(id) ON DELETE CASCADE;
