import { isIPv4 } from "node:net";
import { parseAddress } from "../diagnose/rules/address.ts";
import { HOST_LITTLE_ENDIAN } from "../kernel/netlink/header.ts";
import type { ExemptionFields } from "./policy/exemption.ts";

/** EXEMPTIONS in bpf/fastpath/exemption.h. */
export const MOST_EXEMPTIONS = 64;
/** struct exemption: a kind of packet with its mask, two spans of an address and a mask, all of 16 bytes, and ports. */
export const EXEMPTION_BYTES = 104;
const MASK = 16;
const SOURCE = 32;
const DESTINATION = 64;
const SOURCE_PORTS = 96;
const DESTINATION_PORTS = 100;
const LAST_PORT = 0xffff;
const ADDRESS_BYTES = 16;

/** For everything: what more rules than the programs have room for come to. */
const ALL: ExemptionFields = {};

/**
 * The elements of the map `exemptions`, and how many of them count. `interfaceIndex` gives undefined for an interface
 * that is not there: no packet comes or leaves by it.
 */
export function exemptionBytes(
  exemptions: readonly ExemptionFields[],
  interfaceIndex: (name: string) => number | undefined,
): { readonly bytes: Uint8Array; readonly count: number } {
  const possible = exemptions.filter(
    ({ inInterface, outInterface }) =>
      (inInterface === undefined || interfaceIndex(inInterface) !== undefined) &&
      (outInterface === undefined || interfaceIndex(outInterface) !== undefined),
  );
  const kept = possible.length > MOST_EXEMPTIONS ? [ALL] : possible;
  const bytes = new Uint8Array(MOST_EXEMPTIONS * EXEMPTION_BYTES);
  kept.forEach((exemption, at) => {
    write(bytes.subarray(at * EXEMPTION_BYTES, (at + 1) * EXEMPTION_BYTES), exemption, interfaceIndex);
  });
  return { bytes, count: kept.length };
}

function write(
  into: Uint8Array,
  exemption: ExemptionFields,
  interfaceIndex: (name: string) => number | undefined,
): void {
  const { family, protocol, inInterface, outInterface, source, destination, sourcePorts, destinationPorts } = exemption;
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  const setByte = (at: number, value: number): void => {
    view.setUint8(at, value);
    view.setUint8(MASK + at, 0xff);
  };
  const setInterface = (at: number, name: string): void => {
    view.setUint32(at, interfaceIndex(name) ?? 0, HOST_LITTLE_ENDIAN);
    view.setUint32(MASK + at, 0xffffffff, HOST_LITTLE_ENDIAN);
  };
  const setPorts = (at: number, ports: string): void => {
    const [first = 0, last = first] = ports.split("-").map(Number);
    view.setUint16(at, first, HOST_LITTLE_ENDIAN);
    view.setUint16(at + 2, LAST_PORT - (last - first), HOST_LITTLE_ENDIAN);
  };
  if (family !== undefined) setByte(0, family === "ip" ? 4 : 6);
  if (protocol !== undefined) setByte(1, protocol);
  if (inInterface !== undefined) setInterface(4, inInterface);
  if (outInterface !== undefined) setInterface(8, outInterface);
  if (source !== undefined) writeSpan(into.subarray(SOURCE), source);
  if (destination !== undefined) writeSpan(into.subarray(DESTINATION), destination);
  if (sourcePorts !== undefined) setPorts(SOURCE_PORTS, sourcePorts);
  if (destinationPorts !== undefined) setPorts(DESTINATION_PORTS, destinationPorts);
}

/** As the addresses lie in packets. `10.1.0.0/16`. */
function writeSpan(into: Uint8Array, prefix: string): void {
  const [text = "", bits = ""] = prefix.split("/");
  const address = addressBytes(text);
  const length = bits === "" ? address.length * 8 : Number(bits);
  const mask = address.map((_, at) => (0xff00 >> Math.max(0, Math.min(8, length - at * 8))) & 0xff);
  into.set(
    address.map((octet, at) => octet & (mask[at] ?? 0)),
    0,
  );
  into.set(mask, ADDRESS_BYTES);
}

function addressBytes(text: string): number[] {
  if (isIPv4(text)) return text.split(".").map(Number);
  const value = parseAddress(text)?.value;
  if (value === undefined) throw new TypeError(`not an address: ${JSON.stringify(text)}`);
  return Array.from({ length: ADDRESS_BYTES }, (_, at) => Number((value >> BigInt(8 * (15 - at))) & 0xffn));
}
