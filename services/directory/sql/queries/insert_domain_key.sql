INSERT INTO directory_domain_keys (domain_id, selector, algorithm, private_key_pem, public_record) VALUES ($1, $2, $3, $4, $5)
