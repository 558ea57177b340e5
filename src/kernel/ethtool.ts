import { constants } from "node:os";
import { Descriptor } from "./ffi/descriptor.ts";
import { checkCall, kernelErrorFromErrno } from "./ffi/errno.ts";
import { addressOf, libc } from "./ffi/libc.ts";
import { inNamespace, type NamespaceName } from "./namespace.ts";
import { HOST_LITTLE_ENDIAN } from "./netlink/header.ts";

const AF_INET = 2;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0x80000;
const SIOCETHTOOL = 0x8946;
/** struct ifreq of a 64-bit system: a name of 16 bytes, a union of 24. */
const IFREQ = 40;
const IFNAMSIZ = 16;

/** ethtool's commands to get and set each (include/uapi/linux/ethtool.h). */
const COMMANDS = {
  "rx-checksum": [0x14, 0x15],
  "tx-checksum": [0x16, 0x17],
  "scatter-gather": [0x18, 0x19],
  tso: [0x1e, 0x1f],
  gso: [0x23, 0x24],
  gro: [0x2b, 0x2c],
} as const;

/** Work that a network card, or for virtual ones the kernel, does for many packets at once. */
export type Offload = keyof typeof COMMANDS;

/** Says whether the interface does the work now. */
export function readOffload(namespace: NamespaceName, name: string, offload: Offload): boolean {
  return ethtool(namespace, name, `read ${offload} of ${name}`, COMMANDS[offload][0], 0) !== 0;
}

/** Switches it; throws `kernel-not-supported` if the interface cannot be switched. */
export function setOffload(namespace: NamespaceName, name: string, offload: Offload, on: boolean): void {
  const tried = `switch ${offload} of ${name} ${on ? "on" : "off"}`;
  ethtool(namespace, name, tried, COMMANDS[offload][1], on ? 1 : 0);
  // The kernel says yes and does nothing where the driver has the feature fixed.
  if (readOffload(namespace, name, offload) !== on) {
    throw kernelErrorFromErrno(tried, constants.errno.EOPNOTSUPP, {
      remedy: `\`ethtool -k ${name}\` shows whether it is fixed or waits for another one (tso for tx-checksum)`,
    });
  }
}

function ethtool(namespace: NamespaceName, name: string, tried: string, command: number, value: number): number {
  // struct ethtool_value: command, data.
  const data = new DataView(new ArrayBuffer(8));
  data.setUint32(0, command, HOST_LITTLE_ENDIAN);
  data.setUint32(4, value, HOST_LITTLE_ENDIAN);
  ethtoolRequest(namespace, name, tried, new Uint8Array(data.buffer));
  return data.getUint32(4, HOST_LITTLE_ENDIAN);
}

/** Asks the driver of an interface by SIOCETHTOOL; `data` begins with the command, and takes the answer. */
export function ethtoolRequest(namespace: NamespaceName, name: string, tried: string, data: Uint8Array): void {
  if (name === "" || Buffer.byteLength(name) >= IFNAMSIZ) throw kernelErrorFromErrno(tried, constants.errno.ENODEV);
  const request = Buffer.alloc(IFREQ);
  request.write(name, "utf8");
  const pointer = addressOf(data);
  if (HOST_LITTLE_ENDIAN) request.writeBigUInt64LE(pointer, IFNAMSIZ);
  else request.writeBigUInt64BE(pointer, IFNAMSIZ);
  inNamespace(namespace, () => {
    const socket = new Descriptor(checkCall(libc.socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), tried));
    try {
      checkCall(libc.ioctl(socket.fd, SIOCETHTOOL, request), tried);
    } finally {
      socket.close();
    }
  });
}
