import { formatIpv4, type Ipv4 } from "../../address/ipv4.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import type { AttributeCursor, MessageCursor } from "../netlink/cursor.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { AF_INET, readList, requirePrefix, withRoute } from "./rtnetlink.ts";

const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const RTM_GETRULE = 34;
/** Bytes of struct fib_rule_hdr. */
const FIB_RULE_HDR = 12;
const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_IIFNAME = 3;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_SUPPRESS_PREFIXLEN = 14;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;
const FR_ACT_TO_TBL = 1;
const FIB_RULE_INVERT = 2;
/** The actions of linux/fib_rules.h. */
const ACTIONS: ReadonlyMap<number, PolicyRuleAction> = new Map([
  [2, "goto"],
  [3, "nop"],
  [6, "blackhole"],
  [7, "unreachable"],
  [8, "prohibit"],
]);

/** Packets that fit everything given look the route up in the table. */
export interface PolicyRuleSpec {
  /** Lower comes first; 0, 32766 and 32767 are the kernel's own. */
  readonly priority: number;
  readonly table: number;
  /** The packet's firewall mark, compared under `mask` (default all bits). */
  readonly mark?: number;
  readonly mask?: number;
  /** Source and destination as `a.b.c.d/length`. */
  readonly from?: string;
  readonly to?: string;
  /** The interface the packet came in by. */
  readonly incoming?: string;
  /** Routes whose destination has a prefix of at most so many bits do not count: with 0, default routes. */
  readonly suppress?: number;
}

/** What a policy rule does with the packets that fit, other than to look up a table. */
export type PolicyRuleAction = "goto" | "nop" | "blackhole" | "unreachable" | "prohibit" | "unspecified";

/** A rule of the kernel; `lookup` is false for blackhole, goto and the like. */
export interface PolicyRuleInfo extends PolicyRuleSpec {
  readonly lookup: boolean;
  /** What else it does. */
  readonly action?: PolicyRuleAction;
  /** It is for the packets that do not fit. */
  readonly inverted?: true;
}

/** All IPv4 policy rules, in the order of their priority. */
export function listPolicyRules(namespace: NamespaceName): PolicyRuleInfo[] {
  return withRoute(namespace, readPolicyRules);
}

/** Adds the rule; throws `kernel-exists` if there is the very same. */
export function addPolicyRule(namespace: NamespaceName, spec: PolicyRuleSpec): void {
  const tried = `add ${describe(spec)}`;
  const message = ruleMessage(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, spec, tried);
  withRoute(namespace, (connection) => connection.request(message, tried));
}

/** Removes the rule; throws `kernel-not-found`. */
export function removePolicyRule(namespace: NamespaceName, spec: PolicyRuleSpec): void {
  const tried = `remove ${describe(spec)}`;
  withRoute(namespace, (connection) => connection.request(ruleMessage(RTM_DELRULE, 0, spec, tried), tried));
}

/** As `listPolicyRules`, over a connection that is open already. */
export function readPolicyRules(connection: NetlinkConnection): PolicyRuleInfo[] {
  // A strict dump wants every field of the header zero, the action too.
  return readList(connection, header(RTM_GETRULE, 0, 0, 0, 0), "list policy rules", decodeRule);
}

function decodeRule(reply: MessageCursor, attributes: AttributeCursor): PolicyRuleInfo | undefined {
  if (reply.type !== RTM_NEWRULE || reply.u8(0) !== AF_INET) return undefined;
  let priority = 0;
  let table = reply.u8(4);
  const optional: { mark?: number; mask?: number; from?: string; to?: string; incoming?: string; suppress?: number } =
    {};
  attributes.inMessage(reply, FIB_RULE_HDR);
  while (attributes.next()) {
    if (attributes.type === FRA_PRIORITY) priority = attributes.u32();
    else if (attributes.type === FRA_TABLE) table = attributes.u32();
    else if (attributes.type === FRA_FWMARK) optional.mark = attributes.u32();
    else if (attributes.type === FRA_FWMASK) optional.mask = attributes.u32();
    else if (attributes.type === FRA_SRC) optional.from = prefixText(attributes.u32be(), reply.u8(2));
    else if (attributes.type === FRA_DST) optional.to = prefixText(attributes.u32be(), reply.u8(1));
    else if (attributes.type === FRA_IIFNAME) optional.incoming = attributes.text();
    // All bits set: nothing is suppressed.
    else if (attributes.type === FRA_SUPPRESS_PREFIXLEN && attributes.u32() !== 0xffffffff)
      optional.suppress = attributes.u32();
  }
  const lookup = reply.u8(7) === FR_ACT_TO_TBL;
  return {
    priority,
    table,
    lookup,
    ...(lookup ? {} : { action: ACTIONS.get(reply.u8(7)) ?? "unspecified" }),
    ...((reply.u32(8) & FIB_RULE_INVERT) === 0 ? {} : { inverted: true }),
    ...optional,
  };
}

function ruleMessage(type: number, flags: number, spec: PolicyRuleSpec, tried: string): NetlinkMessage {
  const from = spec.from === undefined ? undefined : requirePrefix(spec.from, tried);
  const to = spec.to === undefined ? undefined : requirePrefix(spec.to, tried);
  const message = header(type, flags, to?.length ?? 0, from?.length ?? 0, FR_ACT_TO_TBL)
    .attribute(FRA_PRIORITY, (value) => value.u32(spec.priority))
    .attribute(FRA_TABLE, (value) => value.u32(spec.table));
  if (from !== undefined) message.attribute(FRA_SRC, (value) => value.u32be(from.address));
  if (to !== undefined) message.attribute(FRA_DST, (value) => value.u32be(to.address));
  if (spec.incoming !== undefined) message.text(FRA_IIFNAME, spec.incoming);
  const { mark, mask = 0xffffffff, suppress } = spec;
  if (suppress !== undefined) message.attribute(FRA_SUPPRESS_PREFIXLEN, (value) => value.u32(suppress));
  if (mark !== undefined) {
    message.attribute(FRA_FWMARK, (value) => value.u32(mark)).attribute(FRA_FWMASK, (value) => value.u32(mask));
  }
  return message;
}

function header(type: number, flags: number, to: number, from: number, action: number): NetlinkMessage {
  return new NetlinkMessage(type, flags).u8(AF_INET).u8(to).u8(from).u8(0).u8(0).u8(0).u8(0).u8(action).u32(0);
}

function prefixText(address: Ipv4, length: number): string {
  return `${formatIpv4(address)}/${length}`;
}

function describe(spec: PolicyRuleSpec): string {
  return `policy rule ${spec.priority} to table ${spec.table}`;
}
