SELECT g.id, g.address, g.display_name, g.posting, g.send_as, g.created_at,
  ARRAY(SELECT m.member FROM directory_group_members m WHERE m.group_id = g.id ORDER BY m.member COLLATE "C")
FROM directory_groups g WHERE g.address = $1
