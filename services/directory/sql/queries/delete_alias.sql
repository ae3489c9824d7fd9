DELETE FROM directory_aliases WHERE address = $1
