/** What a virtual machine is made of. */
export interface MachineShape {
  /** Network interfaces eth0, eth1, ...; each has a cable to far0, far1, ... in the guest's namespace `far`. */
  readonly nics: number;
  /** QEMU's names for the kinds of eth0, eth1, ...: `e1000e`, `vmxnet3`; those not named are `virtio-net-pci`. */
  readonly cards?: readonly string[];
  /** An ext4 image that takes all writes and outlives the machine; without it they go to the guest's memory. */
  readonly disk?: string;
  /** A folder of this machine that the guest sees at the same path and may write to. */
  readonly share?: string;
  /** systemd is process 1, as on a real machine; without it only the agent runs. */
  readonly systemd: boolean;
  readonly megabytes: number;
  readonly processors: number;
}

/** Where the parts of a guest are on this machine; the guest sees them at the same paths. */
export interface GuestFiles {
  /** What scripts/vm/build-guest.sh printed. */
  readonly guest: string;
  /** The guest's first program. */
  readonly init: string;
  readonly node: string;
  /** The processor may be made by KVM, not imitated: some ten times faster. */
  readonly kvm: boolean;
}

/** File descriptors that QEMU inherits. */
export const AGENT_DESCRIPTOR = 3;
export const MONITOR_DESCRIPTOR = 4;

/** The words after `qemu-system-x86_64`. The console is its standard output; no network leads out of the process. */
export function qemuArguments(shape: MachineShape, files: GuestFiles): string[] {
  const words = [
    `vm.init=${files.init}`,
    `vm.node=${files.node}`,
    `vm.systemd=${shape.systemd ? "yes" : "no"}`,
    ...(shape.share === undefined ? [] : [`vm.share=${shape.share}`]),
  ];
  const options = [
    ["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    files.kvm
      ? ["-accel", "kvm", "-cpu", "host"]
      : // Without the vector extensions, which cost more to imitate than they save. With random numbers: a kernel that
        // has none of its own yet lets programs wait for them, seconds at boot.
        ["-accel", "tcg,thread=multi,tb-size=512", "-cpu", "Nehalem,+rdrand"],
    ["-smp", String(shape.processors), "-m", String(shape.megabytes)],
    ["-kernel", `${files.guest}/vmlinuz`, "-initrd", `${files.guest}/initrd`],
    // Interfaces are called eth0 and so on: what udev would call them depends on QEMU's slots.
    ["-append", `console=ttyS0 quiet panic=-1 mitigations=off net.ifnames=0 ${words.join(" ")}`],
    ["-chardev", "stdio,id=console,signal=off", "-serial", "chardev:console"],
    sharedFolder("host", "/", true),
    sharedFolder("layer", `${files.guest}/layer`, true),
    shape.share === undefined ? [] : sharedFolder("share", shape.share, false),
    shape.disk === undefined ? [] : ["-drive", `file=${shape.disk},format=raw,if=virtio,discard=unmap`],
    ["-device", "virtio-serial-pci", "-chardev", `socket,id=agent,fd=${AGENT_DESCRIPTOR}`],
    ["-device", "virtserialport,chardev=agent,name=meganat"],
    ["-chardev", `socket,id=monitor,fd=${MONITOR_DESCRIPTOR}`, "-mon", "chardev=monitor,mode=control"],
    ...range(shape.nics).map((nic) => networkCard(`eth${nic}`, nic, macAddress(0, nic), shape.cards?.[nic])),
    ...range(shape.nics).map((nic) => networkCard(`far${nic}`, nic, macAddress(1, nic))),
  ];
  return options.flat();
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function sharedFolder(tag: string, path: string, readOnly: boolean): string[] {
  const options = ["local", `path=${path}`, `mount_tag=${tag}`, "security_model=none", "multidevs=remap"];
  return ["-virtfs", [...options, ...(readOnly ? ["readonly=on"] : [])].join(",")];
}

/** Two cards on one hub are two ends of a cable. */
function networkCard(name: string, hub: number, mac: string, kind = "virtio-net-pci"): string[] {
  const card = `${kind},id=${name},netdev=port-${name},mac=${mac},romfile=`;
  return ["-netdev", `hubport,id=port-${name},hubid=${hub}`, "-device", card];
}

function macAddress(end: number, nic: number): string {
  return `52:54:00:00:0${end}:${nic.toString(16).padStart(2, "0")}`;
}
