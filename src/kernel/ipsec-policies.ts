import { constants } from "node:os";
import { KernelError } from "./error.ts";
import type { NamespaceName } from "./namespace.ts";
import { NetlinkMessage } from "./netlink/message.ts";
import { withNetlink } from "./netlink/socket.ts";

const NETLINK_XFRM = 6;
/* linux/xfrm.h */
const XFRM_MSG_NEWPOLICY = 0x13;
const XFRM_MSG_GETPOLICY = 0x15;
const XFRM_USERPOLICY_ID = 64;

/** How many IPsec policies there are (`ip xfrm policy`); none where the kernel has no IPsec. */
export function countIpsecPolicies(namespace: NamespaceName): number {
  const request = new NetlinkMessage(XFRM_MSG_GETPOLICY).bytes(new Uint8Array(XFRM_USERPOLICY_ID));
  let count = 0;
  try {
    withNetlink(namespace, NETLINK_XFRM, (connection) => {
      connection.dump(request, "count IPsec policies", (reply) => {
        if (reply.type === XFRM_MSG_NEWPOLICY) count += 1;
      });
    });
  } catch (error) {
    if (error instanceof KernelError && error.errno === constants.errno.EPROTONOSUPPORT) return 0;
    throw error;
  }
  return count;
}
