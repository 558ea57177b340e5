#!/bin/sh
# The demo from a fresh checkout: packages, build, run. Standard output belongs to the demo alone.
set -eu
root="$(cd "$(dirname "$0")/.." && pwd)"
sh "$root/scripts/setup.sh" --for demo >&2
sh "$root/scripts/build.sh" >&2
exec "$root/bin/meganat" demo "$@"
