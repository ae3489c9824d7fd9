-- Without waiting for the disk: what a crash takes away is signed anew.
WITH lax AS (SELECT set_config('synchronous_commit', 'off', true) AS setting)
UPDATE relay_messages SET signature = coalesce(signature, $2) FROM lax WHERE mail_id = $1 RETURNING signature
