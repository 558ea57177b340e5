import type { Gateway } from "../../config/gateway.ts";
import { orderMark, UPLINK_MASK, uplinkMark } from "../../plan/uplinks/marks.ts";
import { uplinkOrders } from "../../plan/uplinks/orders.ts";
import type { NftChain, NftCounter, NftSet } from "../desired-state.ts";
import { interfaceOf } from "../links.ts";
import { quoteInterface, quoteInterfaces } from "../name.ts";
import { addressSet } from "../source-nat.ts";

const MASK = hex(UPLINK_MASK);
// What `and` leaves alone.
const OTHERS = hex(0xffffffff - UPLINK_MASK);

const WRONG = {
  name: "dropped_wrong_uplink",
  about: "packets of a connection by one uplink that would have left by another, with the wrong provider's address",
};

/**
 * Marks each connection with the uplink it goes by: where it came in, or where its first packet left. The packets that
 * follow are routed by that mark; the first one by the order of uplinks its sender has.
 */
export function uplinkParts(gateway: Gateway): {
  readonly sets: readonly NftSet[];
  readonly counters: readonly NftCounter[];
  readonly chains: readonly NftChain[];
} {
  const { uplinks = [] } = gateway;
  if (uplinks.length === 0) return { sets: [], counters: [], chains: [] };
  const devices = uplinks.map(({ link }) => interfaceOf(gateway, link));
  const orders = uplinkOrders(gateway);
  const sets = orders.map(({ uplinks: names, subscribers }, order) =>
    addressSet(`uplinks_${order + 1}`, subscribers, `subscribers who leave by ${names.join(", else by ")}`),
  );
  const keep = (side: "iifname" | "oifname"): string[] =>
    devices.map((device, index) => `${side} ${quoteInterface(device)} ct mark and ${MASK} == 0 ${remember(index)}`);
  const wrong = devices.map(
    (device, index) =>
      `oifname ${quoteInterface(device)} ct mark and ${MASK} != 0 ct mark and ${MASK} != ${hex(uplinkMark(index))} counter name "${WRONG.name}" drop`,
  );
  return {
    sets,
    counters: [WRONG],
    chains: [
      {
        name: "uplink_choice",
        hook: { type: "filter", hook: "prerouting", priority: "mangle" },
        rules: [
          ...keep("iifname"),
          `iifname ${quoteInterfaces(devices)} accept`,
          ...devices.map((_, index) => `ct mark and ${MASK} == ${hex(uplinkMark(index))} ${choose(uplinkMark(index))}`),
          ...orders.map((_, order) => `ip saddr @uplinks_${order + 1} ${choose(orderMark(devices.length, order))}`),
        ],
        about: "by which uplink: as the connection goes already, else by the sender's order of uplinks",
      },
      {
        name: "uplink_guard",
        hook: { type: "filter", hook: "forward", priority: "mangle" },
        rules: wrong,
        about: "a connection stays with its provider: no other takes packets with its address",
      },
      {
        name: "uplink_memory",
        hook: { type: "filter", hook: "postrouting", priority: "mangle" },
        rules: keep("oifname"),
        about: "remembers by which uplink a connection went",
      },
    ],
  };
}

function remember(index: number): string {
  return `ct mark set ct mark and ${OTHERS} or ${hex(uplinkMark(index))}`;
}

function choose(mark: number): string {
  return `meta mark set meta mark and ${OTHERS} or ${hex(mark)} accept`;
}

function hex(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}
