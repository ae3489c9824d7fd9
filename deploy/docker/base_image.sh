#!/usr/bin/env bash
# Makes a Debian 12 base image from Debian's packages, for where no image registry is reachable.
#
#   deploy/docker/base_image.sh [IMAGE]     as root; IMAGE is pennypost-base:12 unless given
#
# The packages come from where this machine's apt gets its own: mirror, proxy and date checks are taken over into the
# image, which is therefore for this machine and not for others. build/docker/base.tar is kept: delete it to start anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
image=${1:-pennypost-base:12}
suite=bookworm
tar=build/docker/base.tar

# "SITE RELEASE" of Debian's own packages in this machine's apt.
sources() {
  apt-get indextargets --format '$(SITE) $(RELEASE) $(COMPONENT) $(ORIGIN)' 'Created-By: Packages' |
    awk -v suite="$suite" '($2 == suite || $2 == suite "-updates" || $2 == suite "-security") && $3 == "main" &&
                           ($4 == "Debian" || $4 == "" || $4 == "$(ORIGIN)") { print $1, $2 }' | sort -u
}

make_root() {
  local root=$1 site proxy found
  proxy=$(apt-config dump --format '%f%n' | grep -iE '^Acquire::http::proxy$' || true)
  if [ -n "$proxy" ]; then
    http_proxy=$(apt-config dump --format '%v%n' Acquire::http::Proxy | tail -n 1)
    export http_proxy
  fi
  found=$(sources)
  site=$(awk -v suite="$suite" '$2 == suite { print $1; exit }' <<<"$found")
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$root" ${site:+"$site"}
  if [ -n "$found" ]; then
    awk '{ print "deb", $1, $2, "main" }' <<<"$found" >"$root/etc/apt/sources.list"
  fi
  apt-config dump | grep -iE '^Acquire::((https?|ftp)::proxy|check-(date|valid-until)) ' \
    >"$root/etc/apt/apt.conf.d/90this-machine" || true
  if [ -z "$proxy" ] && [ -n "${http_proxy:-}" ]; then
    echo "Acquire::http::Proxy \"$http_proxy\";" >>"$root/etc/apt/apt.conf.d/90this-machine"
  fi
  # No service starts in an image, and nobody reads manuals in one.
  printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
  chmod 755 "$root/usr/sbin/policy-rc.d"
  printf 'path-exclude /usr/share/%s/*\n' doc man info locale lintian >"$root/etc/dpkg/dpkg.cfg.d/slim"
  # debootstrap knows one of the sources; the others bring the security updates.
  chroot "$root" apt-get update -q
  DEBIAN_FRONTEND=noninteractive chroot "$root" apt-get upgrade -q -y --no-install-recommends
  rm -rf "$root"/usr/share/{doc,man,info,locale,lintian}/* "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* \
    "$root"/var/log/*.log "$root"/etc/{resolv.conf,hostname}
}

if [ ! -s "$tar" ]; then
  [ "$(id -u)" -eq 0 ] || { echo "base_image: debootstrap needs root" >&2; exit 1; }
  command -v debootstrap >/dev/null || { echo "base_image: install debootstrap (tools/setup.sh test)" >&2; exit 1; }
  # In mounts of its own, so that what is mounted below goes with it, however it ends.
  if [ "${PP_OWN_MOUNTS:-}" != yes ]; then
    PP_OWN_MOUNTS=yes exec unshare --mount deploy/docker/base_image.sh "$image"
  fi
  mkdir -p build/docker
  work=$(mktemp -d build/docker/base.XXXXXX)
  trap 'umount "$work" 2>/dev/null || true; rm -rf "$work"' EXIT
  echo "base_image: making $tar with debootstrap"
  # In memory where there is room: dpkg syncs every file.
  if [ "$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)" -gt 2000000 ]; then
    mount -t tmpfs -o size=1g,mode=755 tmpfs "$work"
  fi
  # In the background, because `set -e` does not hold in what stands after `if`.
  make_root "$work/root" >"$work.log" 2>&1 &
  if ! wait $!; then
    tail -n 15 "$work.log" >&2
    echo "base_image: failed; the whole output is in $work.log" >&2
    exit 1
  fi
  rm "$work.log"
  tar -C "$work/root" --numeric-owner -cf "$tar.new" .
  mv "$tar.new" "$tar"
fi
# The same base keeps its identity, and with it the engine's cache of what is built on it.
sum=$(sha256sum <"$tar" | cut -c1-64)
if [ "$(docker image inspect --format '{{index .Config.Labels "base"}}' "$image" 2>/dev/null)" != "$sum" ]; then
  docker import --change "LABEL base=$sum" "$tar" "$image" >/dev/null
fi
echo "base_image: $image"
