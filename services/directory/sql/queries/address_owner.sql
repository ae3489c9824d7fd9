SELECT 'account' FROM directory_accounts WHERE address = $1
UNION ALL SELECT 'alias' FROM directory_aliases WHERE address = $1
UNION ALL SELECT 'group' FROM directory_groups WHERE address = $1
