-- The lock of all changes of domain scripts.
UPDATE mailbox_domain_scripts_state SET generation = generation + 1 WHERE only_row RETURNING generation
