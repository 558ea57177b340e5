import { formatIpv4, parseIpv4, type Ipv4 } from "../address/ipv4.ts";
import type { NamespaceName } from "./namespace.ts";
import { ETH_P_ARP, PacketSocket } from "./packet-socket.ts";
import { listLinks } from "./route/link.ts";
import { formatMac } from "./route/rtnetlink.ts";

/** Ethernet header and an ARP packet for IPv4 (RFC 826). */
const FRAME = 42;
const REQUEST = 1;
/** How often an address is asked for, and how long after the last time answers are taken; milliseconds. */
const TIMES = 2;
const BETWEEN = 100;
const AFTERWARDS = 150;

/** An address on an interface, and who has it already. */
export interface HeldAddress {
  readonly interface: string;
  readonly address: string;
  /** Of the other machine, with colons. */
  readonly mac: string;
}

/**
 * Asks on the wire whether someone has the addresses already (RFC 5227, but quicker: 250 ms for all together). Only on
 * interfaces that have a carrier and a MAC address. Nobody answering is no proof: a switch may hold a port back for half
 * a minute after its cable came. Blocks the thread.
 */
export function probeAddresses(
  namespace: NamespaceName,
  wanted: readonly { readonly interface: string; readonly address: string }[],
): HeldAddress[] {
  const probes = listLinks(namespace).flatMap(({ name, carrier, mac }) => {
    const asked = wanted.filter((entry) => entry.interface === name);
    if (asked.length === 0 || !carrier || !/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/.test(mac)) return [];
    const addresses = new Set(asked.flatMap(({ address }) => parseIpv4(address) ?? []));
    return [{ name, mac: Buffer.from(mac.replaceAll(":", ""), "hex"), addresses, socket: open(namespace, name) }];
  });
  const held: HeldAddress[] = [];
  try {
    for (let time = 0; time < TIMES && probes.length > 0; time++) {
      for (const { mac, addresses, socket } of probes) for (const one of addresses) socket.send(probe(mac, one));
      const end = Date.now() + (time === TIMES - 1 ? AFTERWARDS : BETWEEN);
      for (let left = end - Date.now(); left > 0; left = end - Date.now()) {
        // Answers wait in each socket's queue: any one may be waited at.
        probes[0]?.socket.wait(Math.min(left, 20));
        for (const one of probes) held.push(...answers(one));
      }
    }
  } finally {
    for (const { socket } of probes) socket.close();
  }
  return held;
}

interface Probe {
  readonly name: string;
  readonly mac: Buffer;
  readonly addresses: Set<Ipv4>;
  readonly socket: PacketSocket;
}

function open(namespace: NamespaceName, name: string): PacketSocket {
  return new PacketSocket(namespace, name, { protocol: ETH_P_ARP });
}

/** Who has one of the addresses: it says so as a sender, or asks for it by a probe of its own. Each is told once. */
function answers({ name, mac, addresses, socket }: Probe): HeldAddress[] {
  const held: HeldAddress[] = [];
  const frame = new Uint8Array(2048);
  for (let length = socket.receive(frame); length !== undefined; length = socket.receive(frame)) {
    const view = new DataView(frame.buffer);
    if (length < FRAME || view.getUint16(12) !== ETH_P_ARP || view.getUint16(16) !== 0x0800) continue;
    const sender = frame.slice(22, 28);
    if (mac.equals(sender)) continue;
    const from = view.getUint32(28);
    const address = from === 0 && view.getUint16(20) === REQUEST ? view.getUint32(38) : from;
    if (addresses.delete(address)) held.push({ interface: name, address: formatIpv4(address), mac: formatMac(sender) });
  }
  return held;
}

/** An ARP request from nobody's address, so that no cache learns from it. */
function probe(mac: Uint8Array, target: Ipv4): Uint8Array {
  const frame = new Uint8Array(FRAME);
  const view = new DataView(frame.buffer);
  frame.fill(0xff, 0, 6);
  frame.set(mac, 6);
  view.setUint16(12, ETH_P_ARP);
  view.setUint16(14, 1);
  view.setUint16(16, 0x0800);
  view.setUint8(18, 6);
  view.setUint8(19, 4);
  view.setUint16(20, REQUEST);
  frame.set(mac, 22);
  view.setUint32(38, target);
  return frame;
}
