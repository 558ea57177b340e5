#!/bin/sh
# Bundles src/ into dist/, then compiles the eBPF programs if a script for them is there. Quick when nothing changed.
# The types are not checked here: `npm run types` does.
set -eu
cd "$(dirname "$0")/.."

stamp=dist/.built

if [ ! -d node_modules/esbuild ]; then
  # npm ci --omit=dev: a package that was built before needs no bundler.
  if [ -f dist/cli/main.js ]; then exit 0; fi
  echo "build: esbuild is not installed; run npm ci without --omit=dev" >&2
  exit 1
fi

# A directory's time changes when a file is added or removed, so deletions count as well.
if [ ! -f "$stamp" ] || [ -n "$(find src tsconfig.json scripts/bundle.mjs package-lock.json -newer "$stamp" -print -quit)" ]; then
  mkdir -p dist
  : >"$stamp.new"
  node scripts/bundle.mjs
  rm -f dist/help.txt
  node bin/meganat --help >dist/help.txt.new
  mv dist/help.txt.new dist/help.txt
  # The stamp is as old as the start of the compilation: what was edited meanwhile is built next time.
  mv "$stamp.new" "$stamp"
fi

if [ -f scripts/build-bpf.sh ]; then
  sh scripts/build-bpf.sh
fi
