import { constants } from "node:os";
import { kernelErrorFromErrno } from "../ffi/errno.ts";
import type { NamespaceName } from "../namespace.ts";
import { AttributeCursor } from "../netlink/cursor.ts";
import { askEthtool, tellEthtool } from "./ethtool-netlink.ts";

/* include/uapi/linux/ethtool_netlink.h */
const FEATURES_GET = 11;
const FEATURES_SET = 12;
const FEATURES_HW = 2;
const FEATURES_WANTED = 3;
const FEATURES_ACTIVE = 4;
const FEATURES_NOCHANGE = 5;
const BITSET_NOMASK = 1;
const BITSET_BITS = 3;
const BITSET_BITS_BIT = 1;
const BIT_NAME = 2;
const BIT_VALUE = 3;

/** Work that the card, or for it the kernel, does for many packets at once. */
export interface DeviceFeature {
  readonly on: boolean;
  /** The driver lets it be switched. */
  readonly changeable: boolean;
}

/** The features of the interface by their names in the kernel: `rx-gro`, `rx-lro`. */
export function readFeatures(namespace: NamespaceName, device: string): Map<string, DeviceFeature> {
  const sets = new Map<number, Set<string>>();
  askEthtool(namespace, device, FEATURES_GET, `read the offloads of ${device}`, (attributes) => {
    sets.set(attributes.type, bitNames(attributes));
  });
  const has = (set: number, name: string): boolean => sets.get(set)?.has(name) === true;
  const names = new Set([...sets.values()].flatMap((set) => [...set]));
  return new Map(
    Array.from(names, (name) => [
      name,
      {
        on: has(FEATURES_ACTIVE, name),
        changeable: has(FEATURES_HW, name) && !has(FEATURES_NOCHANGE, name),
      },
    ]),
  );
}

/** Switches it; throws `kernel-not-supported` if the interface does not follow. */
export function writeFeature(namespace: NamespaceName, device: string, name: string, on: boolean): void {
  const tried = `switch ${name} of ${device} ${on ? "on" : "off"}`;
  tellEthtool(namespace, device, FEATURES_SET, tried, (message) =>
    message.nested(FEATURES_WANTED, (wanted) =>
      wanted.nested(BITSET_BITS, (bits) =>
        bits.nested(BITSET_BITS_BIT, (bit) => {
          bit.text(BIT_NAME, name);
          if (on) bit.attribute(BIT_VALUE, () => undefined);
        }),
      ),
    ),
  );
  // The kernel says yes and does nothing where the driver has it fixed, or where it waits for another one.
  if (readFeatures(namespace, device).get(name)?.on !== on) {
    throw kernelErrorFromErrno(tried, constants.errno.EOPNOTSUPP, {
      remedy: `\`ethtool -k ${device}\` shows whether it is fixed or waits for another one`,
    });
  }
}

/** Names of the bits that are set. A set without a mask has them alone; one with a mask has a value with each that is. */
function bitNames(set: AttributeCursor): Set<string> {
  const names = new Set<string>();
  const [parts, bits, bit] = [0, 1, 2].map(() => new AttributeCursor(set.bytes)) as [
    AttributeCursor,
    AttributeCursor,
    AttributeCursor,
  ];
  let masked = true;
  parts.inAttribute(set);
  while (parts.next()) {
    if (parts.type === BITSET_NOMASK) masked = false;
    if (parts.type !== BITSET_BITS) continue;
    bits.inAttribute(parts);
    while (bits.next()) {
      let name = "";
      let value = false;
      bit.inAttribute(bits);
      while (bit.next()) {
        if (bit.type === BIT_NAME) name = bit.text();
        else if (bit.type === BIT_VALUE) value = true;
      }
      if (value || !masked) names.add(name);
    }
  }
  return names;
}
