#!/bin/busybox sh
# First program in the guest. The root file system is this machine's own, read-only by 9p, under the guest's layer of
# packages, under a folder that takes all writes: in memory, or on a disk that outlives the boot.
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
while read -r module; do insmod "/modules/$module"; done </modules/order

# word NAME: the value of NAME=value on the kernel's command line.
word() {
  sed -n "s/.*\\b$1=\\([^ ]*\\).*/\\1/p" /proc/cmdline
}

# Two shares, for a layer within what is under it is refused.
mkdir -p /host /layer /writes /new
for share in host layer; do
  mount -t 9p -o ro,trans=virtio,version=9p2000.L,msize=1048576,cache=loose "$share" "/$share"
done
if [ -e /dev/vda ]; then
  mount -t ext4 /dev/vda /writes
else
  mount -t tmpfs -o size=75% tmpfs /writes
fi
mkdir -p /writes/upper /writes/work
mount -t overlay -o "lowerdir=/layer:/host,upperdir=/writes/upper,workdir=/writes/work" overlay /new
share="$(word vm.share)"
if [ -n "$share" ]; then
  mount -t 9p -o trans=virtio,version=9p2000.L,msize=1048576,cache=none share "/new$share"
fi
init="$(word vm.init)"
mount --move /proc /new/proc
mount --move /sys /new/sys
mount --move /dev /new/dev
exec switch_root /new "$init"
