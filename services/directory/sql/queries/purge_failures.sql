DELETE FROM directory_login_failures WHERE first_at < $1
