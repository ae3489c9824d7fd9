SELECT failures FROM directory_login_failures WHERE login = $1 AND network = $2 AND first_at > $3
