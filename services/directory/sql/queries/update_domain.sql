UPDATE directory_domains SET catch_all = $2, enabled = $3 WHERE name = $1
