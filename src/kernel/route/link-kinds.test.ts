import assert from "node:assert/strict";
import { test } from "node:test";
import { AttributeCursor } from "../netlink/cursor.ts";
import { HOST_LITTLE_ENDIAN, MESSAGE_HEADER } from "../netlink/header.ts";
import { NetlinkMessage } from "../netlink/message.ts";
import { bondData, decodeBond, type BondOptions } from "./bond.ts";
import { decodeVlanId, vlanMessage } from "./vlan.ts";

const LITTLE = { skip: HOST_LITTLE_ENDIAN ? false : "the bytes are of a little-endian host" } as const;

/** The bytes after the header. */
function body(message: NetlinkMessage): Uint8Array {
  return message.finish(1).subarray(MESSAGE_HEADER);
}

test("a bond's options, byte for byte", LITTLE, () => {
  const options: BondOptions = { mode: "802.3ad", miimon: 200, xmitHashPolicy: "layer3+4", lacpRate: "fast" };
  assert.equal(
    Buffer.from(body(bondData(new NetlinkMessage(16), options, 0))).toString("hex"),
    [
      "3400" + "1280", // IFLA_LINKINFO, nested
      "0900" + "0100" + "626f6e6400" + "000000", // IFLA_INFO_KIND: bond
      "2400" + "0280", // IFLA_INFO_DATA, nested
      "0500" + "0100" + "04" + "000000", // IFLA_BOND_MODE: 4
      "0800" + "0300" + "c8000000", // IFLA_BOND_MIIMON: 200
      "0500" + "0e00" + "01" + "000000", // IFLA_BOND_XMIT_HASH_POLICY: layer3+4
      "0500" + "1500" + "01" + "000000", // IFLA_BOND_AD_LACP_RATE: fast
    ].join(""),
  );
});

test("what is written of a bond is read again", () => {
  const options = {
    mode: "active-backup",
    miimon: 100,
    updelay: 200,
    downdelay: 300,
    xmitHashPolicy: "vlan+srcmac",
    lacpRate: "slow",
    minLinks: 2,
  } as const;
  const bytes = body(bondData(new NetlinkMessage(16), { ...options, primary: "eth0" }, 7));
  assert.deepEqual(decodeBond(dataOf(bytes)), { ...options, primaryIndex: 7 });
});

test("a VLAN's number is written and read", () => {
  const bytes = body(vlanMessage("v7", 3, 4094));
  const attributes = new AttributeCursor(bytes).inside(16, bytes.length);
  const seen: [number, string | number][] = [];
  while (attributes.next()) {
    if (attributes.type === 3) seen.push([3, attributes.text()]);
    else if (attributes.type === 5) seen.push([5, attributes.u32()]);
  }
  assert.deepEqual(seen, [
    [3, "v7"],
    [5, 3],
  ]);
  assert.equal(decodeVlanId(dataOf(bytes.subarray(16))), 4094);
});

/** A cursor on IFLA_INFO_DATA, wherever it is. */
function dataOf(bytes: Uint8Array): AttributeCursor {
  const outer = new AttributeCursor(bytes).inside(0, bytes.length);
  while (outer.next()) {
    if (outer.type !== 18) continue;
    const info = new AttributeCursor(bytes).inAttribute(outer);
    while (info.next()) if (info.type === 2) return new AttributeCursor(bytes).inAttribute(info);
  }
  throw new Error("no IFLA_INFO_DATA");
}
