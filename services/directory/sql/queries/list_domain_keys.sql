SELECT selector, algorithm, private_key_pem, public_record FROM directory_domain_keys WHERE domain_id = $1 ORDER BY selector
