-- Takes a counted attempt back ($5: where its network was counted, $6: where the user name was), in the order in which
-- it was counted, and remembers the client where $7.
WITH pair AS (
  UPDATE directory_login_failures SET failures = failures - 1
  WHERE login = $1 AND network = $2 AND failures > 0 RETURNING 1
), around AS (
  UPDATE directory_login_failures SET failures = failures - 1
  WHERE $5 AND login = '' AND network = $3 AND failures > 0 AND (SELECT count(*) FROM pair) >= 0 RETURNING 1
), everywhere AS (
  UPDATE directory_login_failures SET failures = failures - 1
  WHERE $6 AND login = $1 AND network = '' AND failures > 0 AND (SELECT count(*) FROM around) >= 0 RETURNING 1
), known AS (
  INSERT INTO directory_known_clients AS k (login, network, last_at)
  SELECT $1, n, $4 FROM unnest(ARRAY[$2, $3]) AS n WHERE $7 AND (SELECT count(*) FROM everywhere) >= 0
  ON CONFLICT (login, network) DO UPDATE SET last_at = $4 WHERE k.last_at < $4 - interval '1 hour'
)
SELECT set_config('synchronous_commit', 'off', true)
