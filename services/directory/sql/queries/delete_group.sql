DELETE FROM directory_groups WHERE address = $1
