#!/bin/sh
# Entrypoint of the image `postgres`. Understands what docker-compose.yml gives the official image: POSTGRES_DB,
# POSTGRES_PASSWORD_FILE, POSTGRES_INITDB_ARGS, PGDATA.
set -eu
made="$PGDATA/pennypost-made"
if [ ! -e "$made" ]; then
  if [ ! -s "$PGDATA/PG_VERSION" ]; then
    # shellcheck disable=SC2086 # several arguments
    initdb -D "$PGDATA" -U postgres --pwfile="$POSTGRES_PASSWORD_FILE" --auth-local=trust --auth-host=scram-sha-256 \
      --no-instructions ${POSTGRES_INITDB_ARGS:-}
    echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  fi
  # Without a server: says "already exists" after a start that was cut off here, which is as well.
  echo "CREATE DATABASE \"$POSTGRES_DB\"" | postgres --single -D "$PGDATA" postgres
  touch "$made"
fi
exec "$@"
