UPDATE mailbox_scripts SET active = true, modseq = $3 WHERE account_id = $1 AND name = $2
