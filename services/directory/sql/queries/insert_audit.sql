INSERT INTO directory_audit (actor, caller, action, object, tenant_id, detail) VALUES ($1, $2, $3, $4, $5, $6)
