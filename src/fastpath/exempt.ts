import type { BpfMap } from "../kernel/bpf/map.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { HOST_LITTLE_ENDIAN } from "../kernel/netlink/header.ts";
import { listLinks } from "../kernel/route/link.ts";
import { exemptionBytes } from "./exemption-bytes.ts";
import { describePolicy } from "./policy/describe.ts";
import { readDeviceFacts } from "./read-device-facts.ts";
import { readPacketPolicy } from "./read-packet-policy.ts";

/** Where struct control has the number of exemptions: bpf/fastpath/settings.h. */
const COUNT = 28;

/**
 * Tells the programs which connections to leave to the kernel, because a rule has to see each of their packets: as the
 * rules are now. Gives it in words, a line for each rule.
 */
export function exemptConnections(
  maps: { readonly exemptions: BpfMap; readonly control: BpfMap },
  namespace: NamespaceName,
  devices: readonly string[],
): string[] {
  const policy = readPacketPolicy(namespace, readDeviceFacts(namespace, devices));
  const indices = new Map(listLinks(namespace).map(({ name, index }) => [name, index]));
  const { bytes, count } = exemptionBytes(policy.exemptions, (name) => indices.get(name));
  maps.exemptions.updateAll(bytes);
  const control = maps.control.lookupAt(0);
  if (control === undefined) throw new TypeError("the programs have no control");
  if (HOST_LITTLE_ENDIAN) control.writeUInt32LE(count, COUNT);
  else control.writeUInt32BE(count, COUNT);
  maps.control.updateAt(0, control);
  return describePolicy(policy);
}
