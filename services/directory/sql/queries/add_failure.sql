INSERT INTO directory_login_failures AS f (login, network, failures, first_at) VALUES ($1, $2, 1, $3)
ON CONFLICT (login, network) DO UPDATE SET
  failures = CASE WHEN f.first_at > $4 THEN f.failures + 1 ELSE 1 END,
  first_at = CASE WHEN f.first_at > $4 THEN f.first_at ELSE $3 END
RETURNING failures
