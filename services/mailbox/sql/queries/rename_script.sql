UPDATE mailbox_scripts SET name = $3, modseq = $4 WHERE account_id = $1 AND name = $2
