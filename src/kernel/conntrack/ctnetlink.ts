import { constants } from "node:os";
import { KernelError } from "../error.ts";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NETLINK_NETFILTER, withNetlink } from "../netlink/socket.ts";

/** Lends a connection to the namespace's connection table; "no such subsystem" becomes `kernel-not-supported`. */
export function withConntrack<T>(namespace: NamespaceName, run: (connection: NetlinkConnection) => T): T {
  try {
    return withNetlink(namespace, NETLINK_NETFILTER, run);
  } catch (error) {
    throw explain(error);
  }
}

/** nfnetlink answers EINVAL when nobody has registered for the subsystem; we send nothing it could otherwise refuse so. */
function explain(error: unknown): unknown {
  if (!(error instanceof KernelError) || error.errno !== constants.errno.EINVAL || error.kernelSaid !== undefined) {
    return error;
  }
  return kernelErrorFromErrno(error.tried, constants.errno.EOPNOTSUPP, {
    remedy: "load the module nf_conntrack_netlink (CONFIG_NF_CT_NETLINK)",
  });
}
