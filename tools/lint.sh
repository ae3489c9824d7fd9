#!/usr/bin/env bash
# Format, layers, coroutine rules, coming-and-going of generated files, and clang-tidy over the pure protocol code (minutes at
# first; a file that was clean is not looked at again until it or a header changes). Says what is wrong and ends with 1.
set -uo pipefail
cd "$(dirname "$0")/.."
bad=0
unformatted=$(git ls-files 'libs/*.cc' 'libs/*.h' 'services/*.cc' 'services/*.h' | xargs clang-format-14 --dry-run 2>&1 |
  grep -o '^[^:]*\.\(cc\|h\)' | sort -u)
if [ -n "$unformatted" ]; then
  echo "lint: clang-format-14 -i would change:"
  echo "$unformatted" | head -20
  bad=1
fi
python3 tools/check_layers.py || bad=1
python3 tools/check_coroutines.py || bad=1
python3 tools/config_reference.py --check || bad=1
python3 tools/operations_reference.py --check || bad=1
python3 tools/check_robustness.py || bad=1
[ "$bad" -eq 0 ] && { tools/tidy.py || bad=1; }
[ "$bad" -eq 0 ] && echo "lint: clean"
exit "$bad"
