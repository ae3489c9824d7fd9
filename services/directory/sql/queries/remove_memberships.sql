-- Whoever gets the address next is somebody else.
DELETE FROM directory_group_members WHERE member = $1
