SELECT count(*) FROM directory_group_members WHERE group_id = $1
