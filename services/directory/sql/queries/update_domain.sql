UPDATE directory_domains SET catch_all = $2, enabled = $3, revision = revision + 1 WHERE name = $1 AND revision = $4
