import { constants } from "node:os";
import { KernelError } from "./error.ts";
import { ethtoolRequest } from "./ethtool.ts";
import type { NamespaceName } from "./namespace.ts";
import { HOST_LITTLE_ENDIAN } from "./netlink/header.ts";

const ETHTOOL_GDRVINFO = 3;
/** Bytes of struct ethtool_drvinfo, and of the driver's name in it. */
const DRVINFO = 196;
const DRIVER_NAME = 32;

/** The name of the interface's driver: `ixgbe`, `virtio_net`; undefined if it does not say. */
export function readDriver(namespace: NamespaceName, name: string): string | undefined {
  const info = Buffer.alloc(DRVINFO);
  if (HOST_LITTLE_ENDIAN) info.writeUInt32LE(ETHTOOL_GDRVINFO);
  else info.writeUInt32BE(ETHTOOL_GDRVINFO);
  try {
    ethtoolRequest(namespace, name, `read the driver of ${name}`, info);
  } catch (error) {
    if (error instanceof KernelError && error.errno === constants.errno.EOPNOTSUPP) return undefined;
    throw error;
  }
  const driver = info.toString("latin1", 4, 4 + DRIVER_NAME).replace(/\0.*$/s, "");
  return driver === "" ? undefined : driver;
}
