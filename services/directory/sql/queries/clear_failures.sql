DELETE FROM directory_login_failures WHERE login = $1 AND network = $2
