-- What the scripts take besides the one of that name.
SELECT count(*), coalesce(sum(size), 0)::bigint FROM mailbox_scripts WHERE account_id = $1 AND name <> $2
