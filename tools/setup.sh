#!/usr/bin/env bash
# Installs what Pennypost needs from Debian, and for the tests from npm. Safe to run again: it looks first at what is there.
#   tools/setup.sh build  what the compiler needs (deploy/docker/Dockerfile calls it)
#   tools/setup.sh run    that, and what `make run` needs
#   tools/setup.sh test   that, and the clients and peers of the tests; those of npm, in the versions that tests/e2e/npm
#                         names, go to build/e2e/npm
set -euo pipefail

build=(
  g++ make cmake ninja-build ccache mold pkg-config python3 python3-yaml git ca-certificates
  protobuf-compiler libprotobuf-dev libgrpc++-dev libabsl-dev
  libboost1.81-dev libpq-dev libhiredis-dev libssl-dev libunbound-dev libidn2-dev libicu-dev libstemmer-dev libre2-dev
  libargon2-dev libyaml-cpp-dev libcli11-dev libfmt-dev prometheus-cpp-dev nlohmann-json3-dev
  libgtest-dev libbenchmark-dev zlib1g-dev libcurl4-openssl-dev
)
run=(postgresql-15 redis-server openssl)
test=(
  clang-14 clang-format-14 clang-tidy-14 libclang-rt-14-dev
  swaks curl isync mutt fetchmail offlineimap3 getmail6 s-nail alpine msmtp sieve-connect libauthen-sasl-perl postfix nsd ldnsutils libnet-ssleay-perl libio-socket-ssl-perl
  python3-dkim python3-spf chromium thunderbird
  php-cgi php-cli roundcube-core roundcube-sqlite3 roundcube-plugins # php-cgi first, or apt takes Apache with php
  dovecot-core dovecot-imapd dovecot-pop3d dovecot-lmtpd postfix-policyd-spf-python opendkim opendmarc
  docker.io docker-compose debootstrap slirp4netns iproute2
  strace libfaketime iptables e2fsprogs
)

# Node.js that is not Debian's has an npm of its own.
command -v npm >/dev/null || test+=(nodejs npm)

case "${1:-run}" in
  build) packages=("${build[@]}") ;;
  run) packages=("${build[@]}" "${run[@]}") ;;
  test) packages=("${build[@]}" "${run[@]}" "${test[@]}") ;;
  *) echo "usage: tools/setup.sh build|run|test" >&2; exit 2 ;;
esac

missing=()
for package in "${packages[@]}"; do
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null)" = installed ] || missing+=("$package")
done

install_debian() {
  if ! command -v apt-get >/dev/null; then
    echo "setup: this is not Debian; install by hand: ${missing[*]}" >&2
    exit 1
  fi
  sudo=()
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || { echo "setup: run as root, or install sudo; missing: ${missing[*]}" >&2; exit 1; }
    sudo=(sudo)
  fi
  # The packages of PostgreSQL, Redis, Postfix, Dovecot, nsd and Docker start a system service when they are installed.
  # We start our own private ones, so tell dpkg not to, unless this machine has a policy of its own.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
    "${sudo[@]}" chmod 755 "$policy"
    trap '"${sudo[@]}" rm -f "$policy"' EXIT
  fi
  echo "setup: installing ${#missing[@]} packages from Debian: ${missing[*]}"
  mkdir -p .run
  local log=.run/setup.log
  if ! { "${sudo[@]}" apt-get update -q &&
         "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"; } \
       >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "setup: apt-get failed; the whole output is in $log" >&2
    exit 1
  fi
}

# What the lock file of tests/e2e/npm says, into build/e2e/npm, unless it is there.
install_npm() {
  local from=tests/e2e/npm to=build/e2e/npm log=.run/setup-npm.log
  cmp -s "$from/package-lock.json" "$to/installed.json" && return
  echo "setup: installing the packages of $from from npm"
  rm -rf "$to"
  mkdir -p "$to" .run
  cp "$from/package.json" "$from/package-lock.json" "$from/.npmrc" "$to"
  if ! (cd "$to" && npm ci --ignore-scripts --no-audit --no-fund) >"$log" 2>&1; then
    tail -n 15 "$log" >&2
    echo "setup: npm ci failed; the whole output is in $log" >&2
    exit 1
  fi
  cp "$from/package-lock.json" "$to/installed.json"
}

[ ${#missing[@]} -eq 0 ] || install_debian
[ "${1:-run}" != test ] || install_npm
