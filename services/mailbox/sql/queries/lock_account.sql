-- One step of MODSEQ; every change of an account starts here.
UPDATE mailbox_accounts SET modseq = modseq + 1 WHERE account_id = $1 RETURNING modseq, used_bytes
