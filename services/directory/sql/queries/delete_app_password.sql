DELETE FROM directory_app_passwords WHERE account_id = $1 AND id = $2
