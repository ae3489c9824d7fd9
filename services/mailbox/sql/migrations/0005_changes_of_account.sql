-- Changes by account first. With (account_id, mailbox_id, modseq) the planner, knowing nothing about a young table, took this
-- index for a look-up of one UID as readily as the primary key, and read the whole mailbox for each message.
DROP INDEX mailbox_messages_by_modseq;
CREATE INDEX mailbox_messages_by_modseq ON mailbox_messages (account_id, modseq, mailbox_id);
