UPDATE directory_groups SET display_name = $2, posting = $3, send_as = $4 WHERE address = $1
