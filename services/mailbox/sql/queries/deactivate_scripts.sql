UPDATE mailbox_scripts SET active = false, modseq = $3 WHERE account_id = $1 AND active AND name <> $2
