#!/bin/sh
# Checks for the programs and libraries MegaNAT uses, and installs what is missing when it may.
#   scripts/setup.sh                what the gateway itself needs
#   scripts/setup.sh --for demo     and what the lab, the demo and the eBPF build need
#   scripts/setup.sh --for bench    and what the benchmarks compare and measure with
#   scripts/setup.sh --for test     and what the tests need
#   scripts/setup.sh --for vm       what a virtual machine needs besides: it is a third of a gigabyte
set -eu
cd "$(dirname "$0")/.."

purpose=run
while [ $# -gt 0 ]; do
  case "$1" in
    --for)
      purpose="${2:-}"
      shift
      ;;
    *) purpose="" ;;
  esac
  shift
done
case "$purpose" in
  run | demo | bench | test | vm) ;;
  *)
    echo "usage: scripts/setup.sh [--for demo|bench|test|vm]" >&2
    exit 2
    ;;
esac

# Administrators' programs are not on every user's path.
PATH="$PATH:/usr/local/sbin:/usr/sbin:/sbin"

missing="" apt="" dnf="" pacman="" apk=""
# What is missing from here on: needed, or only wanted (without it something is slower or left out).
weight=needed needed=no

# lacks WHAT APT DNF PACMAN APK: notes one missing thing and the package that brings it.
lacks() {
  missing="$missing $1"
  [ "$weight" = wanted ] || needed=yes
  apt="$apt $2" dnf="$dnf $3" pacman="$pacman $4" apk="$apk $5"
}

program() {
  command -v "$1" >/dev/null 2>&1 || lacks "$@"
}

# shared_library NAME ...: by the loader's cache, else by the usual folders (musl has no cache).
shared_library() {
  { ldconfig -p 2>/dev/null || true; } | grep -q "$1" && return 0
  for folder in /lib /lib64 /usr/lib /usr/lib64 /usr/local/lib /lib/*-linux-gnu /usr/lib/*-linux-gnu; do
    [ -e "$folder/$1" ] && return 0
  done
  lacks "$@"
}

header() {
  for folder in /usr/include /usr/local/include /usr/include/*-linux-gnu; do
    [ -e "$folder/$1" ] && return 0
  done
  lacks "$@"
}

knows_apt() {
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1
}

program nft nftables nftables nftables nftables
program ip iproute2 iproute iproute2 iproute2
program conntrack conntrack conntrack-tools conntrack-tools conntrack-tools
shared_library libbpf.so.1 libbpf1 libbpf libbpf libbpf

if [ "$purpose" = demo ] || [ "$purpose" = bench ] || [ "$purpose" = test ]; then
  program ping iputils-ping iputils iputils iputils-ping
  # The eBPF generator; without it the demo makes connections by sockets, which is slower. Tests need it.
  case "$purpose" in
    bench | test) ;;
    *) weight=wanted ;;
  esac
  program clang clang clang clang clang
  header bpf/bpf_helpers.h libbpf-dev libbpf-devel libbpf libbpf-dev
  header linux/bpf.h linux-libc-dev kernel-headers linux-api-headers linux-headers
  header asm/types.h linux-libc-dev kernel-headers linux-api-headers linux-headers
fi

weight=needed

if [ "$purpose" = bench ] || [ "$purpose" = test ]; then
  program ab apache2-utils httpd-tools apache apache2-utils
  program iperf3 iperf3 iperf3 iperf3 iperf3
  program wrk wrk wrk wrk wrk
fi

if [ "$purpose" = test ]; then
  program tcpdump tcpdump tcpdump tcpdump tcpdump
  program iptables-restore iptables iptables-nft iptables-nft iptables
  program ethtool ethtool ethtool ethtool ethtool
  program socat socat socat socat socat
  program tmux tmux tmux tmux tmux
  program sysctl procps procps-ng procps-ng procps
  # Says whether the units for boot are right; systemd itself does not run.
  weight=wanted
  program systemd-analyze systemd systemd systemd ""
  # What profiles are compared with. Ubuntu, for one, has no package of this name.
  if [ -n "$missing" ] || ! knows_apt || apt-cache show linux-perf >/dev/null 2>&1; then
    program perf linux-perf perf perf perf
  fi
fi

if [ "$purpose" = vm ]; then
  program qemu-system-x86_64 qemu-system-x86 qemu-system-x86-core qemu-system-x86 qemu-system-x86_64
  program busybox busybox-static busybox busybox busybox
  program modprobe kmod kmod kmod kmod
  program cpio cpio cpio cpio cpio
fi

[ -n "$missing" ] || exit 0

# Each package once.
unique() {
  printf '%s\n' "$@" | sort -u | tr '\n' ' ' | sed 's/ $//'
}

# The packages without those that are only wanted and that apt has not.
known() {
  for package in "$@"; do
    case "$package" in
      linux-perf) apt-cache show "$package" >/dev/null 2>&1 || continue ;;
    esac
    printf '%s ' "$package"
  done
}

echo "setup: missing:$missing" >&2
# shellcheck disable=SC2086 # the lists are words on purpose
if knows_apt; then
  export DEBIAN_FRONTEND=noninteractive
  log=$(mktemp)
  echo "setup: installing" $(unique $apt) >&2
  if apt-get update -qq >"$log" 2>&1 </dev/null &&
    apt-get install -y -qq --no-install-recommends $(known $(unique $apt)) >>"$log" 2>&1 </dev/null; then
    rm -f "$log"
    exit 0
  fi
  cat "$log" >&2
  rm -f "$log"
  echo "setup: apt-get could not install the packages; what it said is above" >&2
  exit 1
fi

# shellcheck disable=SC2086
{
  echo "setup: as root, install them with the one of these that is yours:"
  echo "  apt-get install --no-install-recommends $(unique $apt)"
  echo "  dnf install $(unique $dnf)"
  echo "  pacman -S --needed $(unique $pacman)"
  echo "  apk add $(unique $apk)"
} >&2
[ "$needed" = yes ] || {
  echo "setup: going on without: what needs them is left out, and says so" >&2
  exit 0
}
exit 1
