-- One process at a time does the housekeeping; the lock ends with the transaction.
SELECT pg_try_advisory_xact_lock($1)
