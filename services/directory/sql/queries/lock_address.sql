-- Two that want the same address wait for each other, whatever they make of it.
SELECT pg_advisory_xact_lock(7241002, hashtext($1))
