UPDATE mailbox_subscriptions SET name = $3 || substr(name, length($2) + 1)
WHERE account_id = $1 AND (name = $2 OR starts_with(name, $2 || '/'))
