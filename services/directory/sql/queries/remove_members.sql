DELETE FROM directory_group_members WHERE group_id = $1 AND member = ANY ($2::text[])
