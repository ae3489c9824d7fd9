#!/bin/sh
# Leaves every program, without debugging information, in the folder OUT.
#   compile.sh OUT            builds them
#   compile.sh OUT build/main takes those already built there
set -eu
cd "$(dirname "$0")/../.."
out=$1
programs=$(for main in services/*/main.cc; do
  name=$(basename "$(dirname "$main")")
  if [ "$name" = cli ]; then echo pennypost; else echo "pennypost-$name"; fi
done)
build=${2:-}
if [ -z "$build" ]; then
  build=build/image
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release
  # shellcheck disable=SC2086 # several targets
  cmake --build "$build" -j "$(nproc)" --target $programs
fi
mkdir -p "$out"
for program in $programs; do
  strip --strip-debug -o "$out/$program" "$build/bin/$program"
done
