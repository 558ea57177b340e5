import { isIPv4 } from "node:net";
import { parseAddress } from "../diagnose/rules/address.ts";
import { HOST_LITTLE_ENDIAN } from "../kernel/netlink/header.ts";
import type { ExemptionFields } from "./policy/exemption.ts";

/** EXEMPTIONS in bpf/fastpath/exemption.h. */
export const MOST_EXEMPTIONS = 64;
/** struct exemption: five numbers, then two spans of an address and a mask. */
export const EXEMPTION_BYTES = 80;
const SPANS = 16;
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
  { family, protocol, inInterface, outInterface, source, destination }: ExemptionFields,
  interfaceIndex: (name: string) => number | undefined,
): void {
  const view = new DataView(into.buffer, into.byteOffset, into.length);
  const index = (name: string | undefined): number => (name === undefined ? 0 : (interfaceIndex(name) ?? 0));
  view.setUint8(0, family === undefined ? 0 : family === "ip" ? 4 : 6);
  view.setUint8(1, protocol ?? 0);
  view.setUint32(4, index(inInterface), HOST_LITTLE_ENDIAN);
  view.setUint32(8, index(outInterface), HOST_LITTLE_ENDIAN);
  if (source !== undefined) writeSpan(into.subarray(SPANS), source);
  if (destination !== undefined) writeSpan(into.subarray(SPANS + 2 * ADDRESS_BYTES), destination);
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
