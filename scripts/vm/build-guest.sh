#!/bin/sh
# Makes what a virtual machine boots from, once for each set of package versions, and prints its folder:
#   FOLDER/vmlinuz     the stock kernel of this Debian
#   FOLDER/initrd      finds the root file system
#   FOLDER/layer/      the kernel's modules and the packages listed in scripts/vm/packages, unpacked
# All is below ${MEGANAT_CACHE:-${XDG_CACHE_HOME:-/var/cache}/meganat}/vm. apt verifies what it downloads. Nothing is
# installed, so no root is needed where the folder may be written.
# With --built: only says, by its status, whether this was done before, for these packages or older ones.
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
PATH="$PATH:/usr/sbin:/sbin"

complain() {
  echo "vm: $1" >&2
  exit 1
}

cache="${MEGANAT_CACHE:-${XDG_CACHE_HOME:-/var/cache}/meganat}/vm"
if [ "${1:-}" = --built ]; then
  for kernel in "$cache"/*/vmlinuz; do [ -e "$kernel" ] && exit 0; done
  exit 1
fi

for program in apt-get apt-cache dpkg-deb depmod modprobe busybox cpio; do
  command -v "$program" >/dev/null || complain "cannot build the guest: $program is not installed (sh scripts/setup.sh --for vm)"
done

mkdir -p "$cache/archives/partial" "$cache/nothing/partial" "$cache/known"
# Two at once would unpack into each other.
exec 9>"$cache/lock"
flock 9

# Asking apt takes seconds: not again while neither its lists nor what is installed nor this folder changed.
state="$({
  stat -c '%n %Y %s' /var/lib/dpkg/status /var/lib/apt/lists /var/lib/apt/lists/* 2>/dev/null || true
  cat "$here/build-guest.sh" "$here/initrd-init.sh" "$here/packages"
} | sha256sum | cut -c 1-16)"
if [ -e "$cache/known/$state" ] && guest="$(readlink -e "$cache/known/$state")"; then
  touch "$guest"
  echo "$guest"
  exit 0
fi

kernel="$(apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -n 1)"
[ -n "$kernel" ] || complain "cannot find Debian's kernel package: apt knows no linux-image-amd64 (apt-get update; other distributions cannot be the guest)"

# get ARCHIVES ...: apt with a folder of ours for what it downloads and verifies; the user's own needs rights.
get() {
  archives="$1"
  shift
  apt-get -qq -o Dir::Cache::archives="$archives" -o APT::Sandbox::User= -o Debug::NoLocking=1 "$@"
}
packages="$(sed -e '/^#/d' "$here/packages")"
# Against an empty folder, for apt does not name what is there already.
# shellcheck disable=SC2086 # the list is words on purpose
wanted="$(
  get "$cache/nothing" download --print-uris "$kernel"
  get "$cache/nothing" install --print-uris --no-install-recommends $packages
)"
# Other versions, another list or another initrd make another folder.
key="$({ echo "$wanted" && cat "$here/build-guest.sh" "$here/initrd-init.sh"; } | sha256sum | cut -c 1-16)"
guest="$cache/$key"

if [ ! -d "$guest" ]; then
  echo "vm: building the guest from $kernel in $guest" >&2
  # Whatever an interrupted run left.
  rm -rf "$cache"/making.*
  making="$cache/making.$key"
  mkdir -p "$making/layer" "$making/initrd.d/bin" "$making/initrd.d/modules"
  trap 'rm -rf "$making"' EXIT
  trap 'exit 1' HUP INT TERM
  # shellcheck disable=SC2086
  get "$cache/archives" install -y --download-only --no-install-recommends $packages >&2
  (cd "$cache/archives" && get "$cache/archives" download "$kernel") >&2
  echo "$wanted" | while read -r _ file _; do
    dpkg-deb -x "$cache/archives/$file" "$making/layer"
  done
  # A folder would hide this machine's link of the same name.
  for folder in bin sbin lib lib64; do
    [ -d "$making/layer/$folder" ] || continue
    mkdir -p "$making/layer/usr/$folder"
    cp -a "$making/layer/$folder/." "$making/layer/usr/$folder/"
    rm -r "$making/layer/$folder"
    ln -s "usr/$folder" "$making/layer/$folder"
  done
  version="$(ls "$making/layer/lib/modules")"
  depmod -b "$making/layer" "$version"
  cp "$making/layer/boot/vmlinuz-$version" "$making/vmlinuz"

  cp "$(command -v busybox)" "$making/initrd.d/bin/busybox"
  cp "$here/initrd-init.sh" "$making/initrd.d/init"
  chmod 755 "$making/initrd.d/init"
  mkdir "$making/initrd.d/proc" "$making/initrd.d/sys" "$making/initrd.d/dev"
  # In the order in which they need each other.
  for module in virtio_pci virtio_blk virtio_console 9pnet_virtio 9p overlay ext4; do
    modprobe -d "$making/layer" -S "$version" --show-depends "$module"
  done | sed -n 's/^insmod \([^ ]*\).*/\1/p' | awk '!seen[$0]++' | while read -r file; do
    name="$(basename "$file" .xz)"
    case "$file" in
      *.xz) xz -dc "$file" >"$making/initrd.d/modules/$name" ;;
      *) cp "$file" "$making/initrd.d/modules/$name" ;;
    esac
    echo "$name" >>"$making/initrd.d/modules/order"
  done
  (cd "$making/initrd.d" && find . | cpio -o -H newc --quiet | gzip -1) >"$making/initrd"
  rm -r "$making/initrd.d"
  mv "$making" "$guest"
  # What no run asked for in a month.
  find "$cache" -mindepth 1 -maxdepth 1 -type d ! -name archives ! -name nothing ! -name known -mtime +30 -exec rm -rf {} +
fi
touch "$guest"
ln -sfn "$guest" "$cache/known/$state"
echo "$guest"
