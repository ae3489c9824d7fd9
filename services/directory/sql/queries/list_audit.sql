SELECT id, at, actor, caller, action, object, tenant_id, detail FROM directory_audit
WHERE ($1 = 0 OR tenant_id = $1) AND ($2 = '' OR actor = $2) AND ($3 = '' OR object = $3) AND ($4 = 0 OR id < $4)
ORDER BY id DESC LIMIT $5
