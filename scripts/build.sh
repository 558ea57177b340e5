#!/bin/sh
# Compiles src/ to dist/, then the eBPF programs if a script for them is there. Quick when nothing changed.
set -eu
cd "$(dirname "$0")/.."

tsc=node_modules/typescript/bin/tsc
stamp=dist/.built

if [ ! -f "$tsc" ]; then
  # npm ci --omit=dev: a package that was built before needs no compiler.
  if [ -f dist/cli/main.js ]; then exit 0; fi
  echo "build: typescript is not installed; run npm ci without --omit=dev" >&2
  exit 1
fi

# A directory's time changes when a file is added or removed, so deletions count as well.
if [ ! -f "$stamp" ] || [ -n "$(find src tsconfig.json tsconfig.build.json package-lock.json -newer "$stamp" -print -quit)" ]; then
  mkdir -p dist
  : >"$stamp.new"
  node "$tsc" -p tsconfig.build.json
  find dist -name '*.js' | while IFS= read -r built; do
    source="src/${built#dist/}"
    [ -f "${source%.js}.ts" ] || rm -f "$built"
  done
  rm -f dist/help.txt
  node bin/meganat --help >dist/help.txt.new
  mv dist/help.txt.new dist/help.txt
  # The stamp is as old as the start of the compilation: what was edited meanwhile is built next time.
  mv "$stamp.new" "$stamp"
fi

if [ -f scripts/build-bpf.sh ]; then
  sh scripts/build-bpf.sh
fi
