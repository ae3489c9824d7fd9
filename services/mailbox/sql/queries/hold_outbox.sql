-- A request goes on where another one begins: what $1 sets is set in each of them.
UPDATE mailbox_outbox SET request = request || $1 WHERE account_id > 0
