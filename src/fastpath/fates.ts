/** What becomes of packets, in the order of enum fate in bpf/fastpath/account.h. */
export const FATES = [
  "forwarded",
  "other-protocol",
  "special-header",
  "connection-edge",
  "unknown",
  "ask-again",
  "changed",
  "too-big",
  "not-covered",
  "crowded",
  "learned",
  "not-eligible",
  "exempt",
] as const;

/** A fate by name. The last three are of packets that leave: whether the programs remember what the kernel did with them. */
export type Fate = (typeof FATES)[number];

/** Each fate in words: of a packet that came in and went to the kernel, because ... */
export const FATE_WORDS: Readonly<Record<Fate, string>> = {
  forwarded: "forwarded by the fast path",
  "other-protocol": "neither TCP nor UDP (ICMP, ARP, tunnels, VLAN tags), or to another station",
  "special-header": "fragments, IP options, extension headers, TTL at its end",
  "connection-edge": "TCP SYN, FIN and RST: the kernel opens and closes",
  unknown: "not seen before: the kernel decides, and is remembered",
  "ask-again": "known, but it is time for the kernel to decide again",
  changed: "the kernel's connection has changed, ended or expired",
  "too-big": "larger than the way out takes: the kernel fragments or answers",
  "not-covered": "left out, because so many connections repeat too rarely",
  crowded: "not seen before, and others are remembered in its place",
  learned: "remembered as they left",
  "not-eligible": "new or closing connections, helpers, other zones, made on this machine",
  exempt: "of connections that a rule has to see packet by packet",
};

/** Packets by fate, all counted since the fast path was turned on. */
export type PacketCounts = Readonly<Record<Fate, number>>;

/** What the programs counted at one interface. */
export interface DeviceAccount {
  readonly packets: PacketCounts;
  /** Of the forwarded packets, with their Ethernet headers. */
  readonly bytes: number;
}

/** 64-bit words of struct account: packets by fate, room for more fates, bytes, the interface's own address. */
const WORDS = 18;
const BYTES = 16;
const MAC = 17;

/** The value of the map `accounts` that a processor begins with: nothing counted, and whose frames are ours ("02:..."). */
export function newAccount(mac: string): Uint8Array {
  const bytes = new Uint8Array(WORDS * 8);
  bytes.set(
    mac.split(":").map((octet) => Number.parseInt(octet, 16)),
    MAC * 8,
  );
  return bytes;
}

/** Adds up what all processors counted: `values` is the lookup of one element of the map `accounts`. */
export function sumAccount(values: Buffer): DeviceAccount {
  const words = new BigUint64Array(values.buffer, values.byteOffset, values.length / 8);
  const sums = new Float64Array(WORDS);
  for (let at = 0; at < words.length; at++) {
    const place = at % WORDS;
    sums[place] = (sums[place] ?? 0) + Number(words[at]);
  }
  const packets = Object.fromEntries(FATES.map((fate, index) => [fate, sums[index] ?? 0])) as Record<Fate, number>;
  return { packets, bytes: sums[BYTES] ?? 0 };
}
