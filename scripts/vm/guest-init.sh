#!/bin/sh
# Process 1 of the guest, in its root file system: prepares what the host asked for on the kernel's command line, then
# either runs the agent alone or gives over to systemd.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

word() {
  sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline
}
here="$(word vm.init)"
here="${here%/*}"

mount -t tmpfs -o mode=755 tmpfs /run
echo meganat-vm >/proc/sys/kernel/hostname
[ ! -e /etc/fstab ] || : >/etc/fstab
sh "$here/guest-cables.sh"
agent="$(word vm.node) $here/guest-agent.mjs"

if [ "$(word vm.systemd)" = yes ]; then
  if [ ! -e /etc/systemd/meganat-vm ]; then
    # This machine's own services have no business in the guest. Once only: later boots keep what was set up.
    rm -rf /etc/systemd/system /etc/rc[0-6S].d
    mkdir -p /etc/systemd/system
    ln -s /lib/systemd/system/multi-user.target /etc/systemd/system/default.target
    : >/etc/machine-id
    # It empties /tmp, where the checkout may be.
    ln -sf /dev/null /etc/tmpfiles.d/tmp.conf
    # By them systemd would take the guest for a container.
    rm -f /.dockerenv /run/.containerenv
    # Nobody logs in, and each of these costs seconds on an imitated processor.
    for unit in systemd-binfmt.service proc-sys-fs-binfmt_misc.automount systemd-timesyncd.service \
      systemd-logind.service systemd-user-sessions.service getty.target; do
      ln -s /dev/null "/etc/systemd/system/$unit"
    done
    touch /etc/systemd/meganat-vm
  fi
  mkdir -p /run/systemd/system/basic.target.wants
  cat >/run/systemd/system/meganat-vm-agent.service <<UNIT
[Unit]
Description=Runs what the host of this virtual machine asks for
DefaultDependencies=no
[Service]
ExecStart=$agent
UNIT
  ln -s ../meganat-vm-agent.service /run/systemd/system/basic.target.wants/
  exec /lib/systemd/systemd
fi

# What systemd and udev would do.
ln -s /proc/self/fd /dev/fd
for number in 0:stdin 1:stdout 2:stderr; do ln -s "/proc/self/fd/${number%:*}" "/dev/${number#*:}"; done
mkdir -p /dev/pts /dev/shm
mount -t devpts devpts /dev/pts
mount -t tmpfs tmpfs /dev/shm
mount -t cgroup2 cgroup2 /sys/fs/cgroup
mount -t bpf bpf /sys/fs/bpf
mount -t debugfs debugfs /sys/kernel/debug
mount -t tracefs tracefs /sys/kernel/tracing
ip link set lo up
setsid $agent </dev/null &
wait
# The host ends the machine; without it there is nothing left to do.
echo o >/proc/sysrq-trigger
sleep 60
