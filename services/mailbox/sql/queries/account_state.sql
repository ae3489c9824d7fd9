SELECT modseq, used_bytes, messages FROM mailbox_accounts WHERE account_id = $1
