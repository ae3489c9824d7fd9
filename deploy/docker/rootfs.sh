#!/bin/sh
# What an image of programs needs besides the programs: their shared libraries, users, certificates, and no shell.
#   rootfs.sh FOLDER_OF_PROGRAMS ROOT
set -eu
programs=$1
root=$2
mkdir -p "$root/usr/bin" "$root/usr/lib/ssl" "$root/usr/lib64" "$root/etc/ssl" "$root/tmp"
chmod 1777 "$root/tmp"
ln -s usr/lib "$root/lib"
ln -s usr/lib64 "$root/lib64"

needed=$(ldd "$programs"/*)
if echo "$needed" | grep 'not found'; then
  echo "rootfs: these libraries are missing; the list of packages in deploy/docker/Dockerfile is not complete" >&2
  exit 1
fi
# "name => /path (0x...)", or "/path (0x...)" for the loader.
for library in $(echo "$needed" | sed -n 's/^\t\(.* => \)\?\(\/[^ ]*\) (0x.*/\2/p' | sort -u); do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

cp -rL /etc/ssl/certs "$root/etc/ssl/certs"
ln -s /etc/ssl/certs "$root/usr/lib/ssl/certs"
cp /etc/nsswitch.conf "$root/etc/"
printf 'root:x:0:0:root:/:/sbin/nologin\npennypost:x:10001:10001:pennypost:/:/sbin/nologin\n' >"$root/etc/passwd"
printf 'root:x:0:\npennypost:x:10001:\n' >"$root/etc/group"
# Where docker-compose.yml puts the volumes: an empty volume takes over the owner of the folder it covers.
mkdir -p "$root/etc/pennypost" "$root/run"
install -d -o 10001 -g 10001 -m 755 "$root/run/pennypost"
for volume in identity database cache accounts; do
  install -d -o 10001 -g 10001 -m 755 "$root/run/pennypost/$volume"
done
