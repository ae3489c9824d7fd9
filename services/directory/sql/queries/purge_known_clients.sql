DELETE FROM directory_known_clients WHERE last_at < $1
