SELECT address, targets, send_as FROM directory_aliases WHERE address = $1
