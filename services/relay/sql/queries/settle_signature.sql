UPDATE relay_messages SET signature = coalesce(signature, $2) WHERE mail_id = $1 RETURNING signature
