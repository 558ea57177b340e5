import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { fakeAcknowledgement, fakeDone, fakeKernel, fakeMessage, type FakeRequest } from "./netlink/fake-kernel.ts";
import { genericMessage } from "./netlink/generic.ts";
import { MESSAGE_HEADER } from "./netlink/header.ts";
import type { NetlinkMessage } from "./netlink/message.ts";
import { askXdpFeatures } from "./xdp-features.ts";

const NETDEV = 0x1d;

function answer(request: FakeRequest, type: number, message: NetlinkMessage): Uint8Array {
  return fakeMessage(type, 0, request.sequence, message.finish(0).slice(MESSAGE_HEADER));
}

test("what drivers can do with XDP is read by the family's number", () => {
  const connection = fakeKernel((request) => {
    if (request.type === 16) {
      assert.equal(request.body[0], 3);
      assert.equal(Buffer.from(request.body).toString("latin1", 8, 15), "netdev\0");
      const family = genericMessage(16, 1).text(2, "netdev");
      family.attribute(1, (id) => id.u16(NETDEV));
      return [answer(request, 16, family), fakeAcknowledgement(request, 0)];
    }
    assert.equal(request.type, NETDEV);
    assert.equal(request.body[0], 1);
    const device = (index: number, features: number): Uint8Array =>
      answer(
        request,
        NETDEV,
        genericMessage(NETDEV, 1)
          .attribute(1, (value) => value.u32(index))
          .attribute(3, (value) => value.u32(features).u32(0)),
      );
    return [device(1, 0), device(2, 0x7f), device(3, 3), fakeDone(request)];
  });
  const [none, all, some] = [
    { runs: false, redirects: false, transmits: false },
    { runs: true, redirects: true, transmits: true },
    { runs: true, redirects: true, transmits: false },
  ];
  assert.deepEqual(
    askXdpFeatures(connection),
    new Map([
      [1, none],
      [2, all],
      [3, some],
    ]),
  );
});

test("an older kernel does not know the family, and that is no error", () => {
  const connection = fakeKernel((request) => [fakeAcknowledgement(request, constants.errno.ENOENT)]);
  assert.equal(askXdpFeatures(connection), undefined);
});
