SELECT account_id, modseq FROM mailbox_accounts WHERE account_id = ANY ($1::bigint[])
