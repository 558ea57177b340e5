#!/bin/sh
# Makes a copy of the checkout in which src/ and test/ are compiled: `sh scripts/compile-tests.sh FOLDER [tsc's options]`.
# Its tests need no loader and neither do the programs and threads they start, which more than halves their time.
# Everything lies where it does in the checkout, so paths hold. The types are checked on the way.
set -eu
cd "$(dirname "$0")/.."
copy="$1"
shift
cp -R bin bpf docs examples scripts src test package.json tsconfig.json .oxlintrc.json "$copy"
ln -s "$PWD/dist" "$PWD/node_modules" "$copy"
node node_modules/typescript/bin/tsc -p tsconfig.test.json --outDir "$copy" "$@"
