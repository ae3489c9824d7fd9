DELETE FROM directory_accounts WHERE address = $1
