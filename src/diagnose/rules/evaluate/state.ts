import { addressBits, formatAddress, parseAddress } from "../address.ts";
import type { FieldName } from "../expression.ts";
import type { Packet, PacketConnection, Surroundings, Tuple } from "../packet.ts";
import type { Hook } from "../ruleset.ts";
import { ADDRESS_TYPES, CT_STATES, CT_STATUSES, PORT_PROTOCOLS, TCP_FLAGS } from "../symbols.ts";
import { ABSENT, either, known, UNKNOWN, type Value } from "./value.ts";

/** What is known of a packet at one moment of its way; rules change it. */
export interface State {
  readonly family: "ip" | "ip6";
  readonly protocol: number;
  readonly fields: Map<FieldName, Value>;
}

/** The packet as rules of the hook see it. */
export function stateAt(packet: Packet, hook: Hook): State {
  const family = parseAddress(packet.source)?.family ?? parseAddress(packet.destination)?.family ?? "ip";
  const fields = new Map<FieldName, Value>([
    ["protocol", known(packet.protocol)],
    ["family", known(family === "ip" ? 2 : 10)],
    ["source", addressValue(packet.source)],
    ["destination", addressValue(packet.destination)],
    ["source-port", portValue(packet.protocol, packet.sourcePort)],
    ["destination-port", portValue(packet.protocol, packet.destinationPort)],
    ["icmp-type", numberValue(packet.icmpType)],
    ["icmp-code", numberValue(packet.icmpCode)],
    ["tcp-flags", flagsValue(packet.tcpFlags, TCP_FLAGS)],
    ["length", numberValue(packet.length)],
    ["ttl", numberValue(packet.ttl)],
    ["mark", numberValue(packet.mark)],
    // A hook that has no such interface sees an empty name (nft_meta_store_ifname, ip_packet_match).
    ["in-interface", hook === "output" ? nameValue("") : nameValue(packet.inInterface)],
    ["out-interface", hook === "prerouting" || hook === "input" ? nameValue("") : nameValue(packet.outInterface)],
    ["bridge-in-port", packet.bridgeInPort === null ? ABSENT : nameValue(packet.bridgeInPort)],
    ["bridge-out-port", packet.bridgeOutPort === null ? ABSENT : nameValue(packet.bridgeOutPort)],
  ]);
  setConnection(fields, packet.connection, packet.protocol);
  return { family, protocol: packet.protocol, fields };
}

/** Connection fields of a packet that conntrack knows nothing of, or has not seen yet. */
export function withoutConnection(state: State, name: "invalid" | "untracked"): State {
  const copy = copyOf(state);
  setConnection(copy.fields, { state: name }, state.protocol);
  return copy;
}

/** A state of its own, to go another way with. */
export function copyOf(state: State): State {
  return { ...state, fields: new Map(state.fields) };
}

/** Makes `state` what it is if the packet perhaps went the other way. */
export function mergeInto(state: State, other: State): void {
  for (const [name, value] of other.fields) {
    const mine = state.fields.get(name);
    if (mine !== value) state.fields.set(name, either(mine ?? UNKNOWN, value));
  }
}

/** The type of a packet's source or destination address for this host. */
export function addressTypeValue(address: Value | undefined, family: "ip" | "ip6", surroundings: Surroundings): Value {
  if (address?.kind !== "number" || address.unknown !== 0n) return UNKNOWN;
  const type = surroundings.addressType?.(formatAddress({ family, value: address.bits }));
  return type === undefined ? UNKNOWN : known(ADDRESS_TYPES[type] ?? 0);
}

/** The packet after the hook, as far as it is still known; undefined parts may be anything. */
export function packetFrom(state: State, before: Packet): Packet {
  const { fields, family } = state;
  const number = (name: FieldName): number | undefined => {
    const value = fields.get(name);
    return value?.kind === "number" && value.unknown === 0n ? Number(value.bits) : undefined;
  };
  const address = (name: FieldName): string => {
    const value = fields.get(name);
    return value?.kind === "number" && value.unknown === 0n
      ? formatAddress({ family, value: value.bits })
      : UNKNOWN_ADDRESS;
  };
  const { sourcePort: _s, destinationPort: _d, mark: _m, connection: _c, ...rest } = before;
  const [sourcePort, destinationPort, mark] = [number("source-port"), number("destination-port"), number("mark")];
  const connection = connectionFrom(state, before.connection, number("ct-mark"));
  return {
    ...rest,
    source: address("source"),
    destination: address("destination"),
    ...(sourcePort === undefined ? {} : { sourcePort }),
    ...(destinationPort === undefined ? {} : { destinationPort }),
    ...(mark === undefined ? {} : { mark }),
    ...(connection === undefined ? {} : { connection }),
  };
}

/** What an address is written as when a translation made it one of several. */
export const UNKNOWN_ADDRESS = "?";

function connectionFrom(
  { fields }: State,
  before: PacketConnection | undefined,
  mark: number | undefined,
): PacketConnection | undefined {
  if (before === undefined) return undefined;
  const status = fields.get("ct-status");
  const state = fields.get("ct-state");
  if (state?.kind === "number" && state.unknown === 0n && state.bits === BigInt(CT_STATES.untracked)) {
    return { state: "untracked" };
  }
  const { mark: _m, status: _s, ...rest } = before;
  return {
    ...rest,
    ...(mark === undefined ? {} : { mark }),
    ...(status?.kind === "number" && status.unknown === 0n
      ? { status: Object.keys(CT_STATUSES).filter((name) => (status.bits & BigInt(CT_STATUSES[name] ?? 0)) !== 0n) }
      : {}),
  };
}

function setConnection(
  fields: Map<FieldName, Value>,
  connection: PacketConnection | undefined,
  protocol: number,
): void {
  const none = connection?.state === "invalid" || connection?.state === "untracked";
  const value = (known: Value): Value => (none ? ABSENT : connection === undefined ? UNKNOWN : known);
  fields.set("ct-state", connection === undefined ? UNKNOWN : known(CT_STATES[connection.state]));
  fields.set("ct-status", value(flagsValue(connection?.status, CT_STATUSES)));
  fields.set("ct-mark", value(numberValue(connection?.mark)));
  fields.set("ct-zone", value(numberValue(connection?.zone)));
  fields.set("ct-protocol", value(known(protocol)));
  const direction = connection?.direction;
  fields.set("ct-direction", value(direction === undefined ? UNKNOWN : known(direction === "original" ? 0 : 1)));
  setTuple(fields, "original", none, connection?.original, protocol);
  setTuple(fields, "reply", none, connection?.reply, protocol);
}

function setTuple(
  fields: Map<FieldName, Value>,
  direction: "original" | "reply",
  none: boolean,
  tuple: Tuple | undefined,
  protocol: number,
): void {
  const value = (known: Value): Value => (none ? ABSENT : known);
  fields.set(`ct-${direction}-source`, value(tuple === undefined ? UNKNOWN : addressValue(tuple.source)));
  fields.set(`ct-${direction}-destination`, value(tuple === undefined ? UNKNOWN : addressValue(tuple.destination)));
  fields.set(`ct-${direction}-source-port`, value(portValue(protocol, tuple?.sourcePort)));
  fields.set(`ct-${direction}-destination-port`, value(portValue(protocol, tuple?.destinationPort)));
}

function addressValue(text: string): Value {
  const address = parseAddress(text);
  return address === undefined ? UNKNOWN : known(address.value);
}

function portValue(protocol: number, port: number | undefined): Value {
  return PORT_PROTOCOLS.includes(protocol) ? numberValue(port) : ABSENT;
}

function numberValue(value: number | undefined): Value {
  return value === undefined ? UNKNOWN : known(value);
}

function nameValue(name: string | undefined): Value {
  return name === undefined ? UNKNOWN : { kind: "name", name };
}

function flagsValue(names: readonly string[] | undefined, bits: Readonly<Record<string, number>>): Value {
  return names === undefined ? UNKNOWN : known(names.reduce((sum, name) => sum | (bits[name] ?? 0), 0));
}

/** The host part of an address kept, the network part of the range's first address in front of it. */
export function inNetwork(address: Value, low: bigint, high: bigint, family: "ip" | "ip6"): Value {
  const host = high - low;
  if (address.kind !== "number" || address.unknown !== 0n || (low & host) !== 0n) return UNKNOWN;
  const all = (1n << BigInt(addressBits(family))) - 1n;
  return known((low | (address.bits & host)) & all);
}
