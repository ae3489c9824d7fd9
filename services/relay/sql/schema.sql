-- Made by tools/schema.py from sql/migrations: what they make together. Not run by anything.

CREATE TABLE public.relay_deliveries (
    mail_id uuid NOT NULL,
    rcpt_no integer NOT NULL,
    recipient text NOT NULL,
    recipient_domain text NOT NULL,
    account_id bigint NOT NULL,
    folder text NOT NULL,
    quota_bytes bigint NOT NULL,
    notify_never boolean NOT NULL,
    notify_success boolean NOT NULL,
    notify_failure boolean NOT NULL,
    notify_delay boolean NOT NULL,
    original_recipient text NOT NULL,
    route text NOT NULL,
    state text NOT NULL,
    attempts integer DEFAULT 0 NOT NULL,
    next_at timestamp with time zone NOT NULL,
    lease_owner text DEFAULT ''::text NOT NULL,
    lease_until timestamp with time zone,
    lease_epoch bigint DEFAULT 0 NOT NULL,
    last_reply text DEFAULT ''::text NOT NULL,
    delay_reported boolean DEFAULT false NOT NULL,
    CONSTRAINT relay_deliveries_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'leased'::text, 'held'::text, 'delivered'::text, 'bounced'::text, 'cancelled'::text])))
);

CREATE TABLE public.relay_events (
    id bigint NOT NULL,
    mail_id uuid NOT NULL,
    "time" timestamp with time zone NOT NULL,
    service text NOT NULL,
    kind text NOT NULL,
    sender text NOT NULL,
    recipient text NOT NULL,
    detail text NOT NULL
);

ALTER TABLE public.relay_events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.relay_events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE TABLE public.relay_messages (
    mail_id uuid NOT NULL,
    sender text NOT NULL,
    return_headers_only boolean NOT NULL,
    envelope_id text NOT NULL,
    smtputf8 boolean NOT NULL,
    body_8bit boolean NOT NULL,
    auth_user text NOT NULL,
    own_report boolean NOT NULL,
    queued_at timestamp with time zone NOT NULL,
    size bigint NOT NULL,
    content bytea,
    signature text,
    finished_at timestamp with time zone
);
ALTER TABLE ONLY public.relay_messages ALTER COLUMN content SET STORAGE EXTERNAL;

ALTER TABLE ONLY public.relay_deliveries
    ADD CONSTRAINT relay_deliveries_pkey PRIMARY KEY (mail_id, rcpt_no);

ALTER TABLE ONLY public.relay_events
    ADD CONSTRAINT relay_events_pkey PRIMARY KEY (id);

ALTER TABLE ONLY public.relay_messages
    ADD CONSTRAINT relay_messages_pkey PRIMARY KEY (mail_id);

CREATE INDEX relay_deliveries_due ON public.relay_deliveries USING btree (next_at, mail_id, rcpt_no) WHERE (state = 'queued'::text);

CREATE INDEX relay_deliveries_held ON public.relay_deliveries USING btree (mail_id) WHERE (state = 'held'::text);

CREATE INDEX relay_deliveries_leased ON public.relay_deliveries USING btree (lease_until) WHERE (state = 'leased'::text);

CREATE INDEX relay_deliveries_open_by_domain ON public.relay_deliveries USING btree (recipient_domain) WHERE (state = ANY (ARRAY['queued'::text, 'leased'::text, 'held'::text]));

CREATE INDEX relay_events_by_mail ON public.relay_events USING btree (mail_id, id);

CREATE INDEX relay_events_by_recipient ON public.relay_events USING btree (recipient, id);

CREATE INDEX relay_events_by_sender ON public.relay_events USING btree (sender, id);

CREATE INDEX relay_events_by_time ON public.relay_events USING btree ("time");

CREATE INDEX relay_messages_by_sender ON public.relay_messages USING btree (sender) WHERE (finished_at IS NULL);

CREATE INDEX relay_messages_finished ON public.relay_messages USING btree (finished_at) WHERE (finished_at IS NOT NULL);

ALTER TABLE ONLY public.relay_deliveries
    ADD CONSTRAINT relay_deliveries_mail_id_fkey FOREIGN KEY (mail_id) REFERENCES public.relay_messages(mail_id) ON DELETE CASCADE;
