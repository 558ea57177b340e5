#!/bin/sh
# Compiles bpf/*.bpf.c to dist/bpf/*.bpf.o, only what changed. Without clang or headers it says what is missing and
# succeeds: everything that needs no eBPF still works.
set -eu
cd "$(dirname "$0")/.."

missing=""
add_missing() { missing="$missing
  $1"; }

clang=""
for candidate in "${CLANG:-}" clang clang-21 clang-20 clang-19 clang-18 clang-17 clang-16 clang-15 clang-14 clang-13; do
  if [ -n "$candidate" ] && command -v "$candidate" >/dev/null 2>&1; then
    clang=$candidate
    break
  fi
done
if [ -z "$clang" ]; then
  add_missing "clang (Debian: apt-get install clang; Fedora: dnf install clang; Arch: pacman -S clang; Alpine: apk add clang)"
elif ! "$clang" -print-targets 2>/dev/null | grep -q '^ *bpf '; then
  add_missing "a clang that can compile for the bpf target ($clang cannot)"
fi

# Debian keeps asm/ in a directory named after the machine, where clang does not look when it compiles for bpf.
includes=""
for directory in "${MULTIARCH_INCLUDE:-}" "/usr/include/$(uname -m)-linux-gnu" /usr/include/*-linux-gnu*; do
  if [ -n "$directory" ] && [ -f "$directory/asm/types.h" ]; then
    includes="-I$directory"
    break
  fi
done
if [ -z "$includes" ] && [ ! -f /usr/include/asm/types.h ]; then
  add_missing "the kernel's headers, asm/types.h (Debian: apt-get install linux-libc-dev; Fedora: dnf install kernel-headers; Arch: pacman -S linux-api-headers; Alpine: apk add linux-headers)"
fi
if [ ! -f /usr/include/bpf/bpf_helpers.h ]; then
  add_missing "libbpf's headers, bpf/bpf_helpers.h (Debian: apt-get install libbpf-dev; Fedora: dnf install libbpf-devel; Arch: pacman -S libbpf; Alpine: apk add libbpf-dev)"
fi

if [ -n "$missing" ]; then
  echo "build-bpf: eBPF programs not compiled; what needs them will say so. Missing:$missing" >&2
  exit 0
fi

mkdir -p dist/bpf
for source in bpf/*.bpf.c; do
  object="dist/bpf/$(basename "$source" .c).o"
  # Headers are few and shared by nearly all programs: any newer one counts for each.
  if [ -f "$object" ] && [ -z "$(find "$source" bpf scripts/build-bpf.sh -name '*.h' -newer "$object" -print \
    -o -path "$source" -newer "$object" -print -o -name build-bpf.sh -newer "$object" -print | head -n 1)" ]; then
    continue
  fi
  # v3 has the atomic instructions that give the old value back (kernel 5.12).
  # shellcheck disable=SC2086 # $includes is empty or one option
  "$clang" -O2 -g -Wall -Wextra -Wno-address-of-packed-member -target bpf -mcpu=v3 $includes \
    -c "$source" -o "$object.new"
  # Whoever loads the object meanwhile gets the old one or the new one, never half.
  mv "$object.new" "$object"
  echo "build-bpf: $source -> $object"
done
