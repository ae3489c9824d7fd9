INSERT INTO directory_group_members (group_id, member) SELECT $1, unnest($2::text[]) ON CONFLICT DO NOTHING
