-- Counts an attempt before anything is checked: by user name and address, by network, by user name alone, in this order
-- for all, and each only while the one before is within its limit: who is refused anyway locks nobody else out. A known
-- address is not counted by its network, a known network not by the user name.
WITH known AS (
  SELECT COALESCE(bool_or(network = $2), false) AS address, COALESCE(bool_or(network = $3), false) AS network
  FROM directory_known_clients WHERE login = $1 AND network IN ($2, $3) AND last_at > $9
), pair AS (
  INSERT INTO directory_login_failures AS f (login, network, failures, first_at) VALUES ($1, $2, 1, $4)
  ON CONFLICT (login, network) DO UPDATE SET
    failures = CASE WHEN f.first_at > $5 THEN f.failures + 1 ELSE 1 END,
    first_at = CASE WHEN f.first_at > $5 THEN f.first_at ELSE $4 END
  RETURNING failures
), around AS (
  INSERT INTO directory_login_failures AS f (login, network, failures, first_at)
  SELECT '', $3, 1, $4 FROM pair, known WHERE pair.failures <= $7 AND NOT known.address
  ON CONFLICT (login, network) DO UPDATE SET
    failures = CASE WHEN f.first_at > $6 THEN f.failures + 1 ELSE 1 END,
    first_at = CASE WHEN f.first_at > $6 THEN f.first_at ELSE $4 END
  RETURNING failures
), everywhere AS (
  INSERT INTO directory_login_failures AS f (login, network, failures, first_at)
  SELECT $1, '', 1, $4 FROM pair, known
  WHERE pair.failures <= $7 AND NOT known.network AND COALESCE((SELECT failures FROM around), 0) <= $8
  ON CONFLICT (login, network) DO UPDATE SET
    failures = CASE WHEN f.first_at > $6 THEN f.failures + 1 ELSE 1 END,
    first_at = CASE WHEN f.first_at > $6 THEN f.first_at ELSE $4 END
  RETURNING failures
)
-- Should the server crash in this very moment, a count is lost, which is no harm: no login waits for the disk.
SELECT pair.failures, COALESCE((SELECT failures FROM around), 0), COALESCE((SELECT failures FROM everywhere), 0),
  set_config('synchronous_commit', 'off', true)
FROM pair
