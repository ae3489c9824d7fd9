SELECT value FROM directory_secrets WHERE name = $1
