-- Whatever is on its way, whoever has it.
UPDATE relay_deliveries SET state = 'held', last_reply = $1, lease_owner = '', lease_until = NULL, lease_epoch = lease_epoch + 1
WHERE state = 'queued' OR state = 'leased'
