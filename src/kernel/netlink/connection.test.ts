import assert from "node:assert/strict";
import { constants } from "node:os";
import { test } from "node:test";
import { recording } from "../../../test/fixtures/netlink-recording.ts";
import { isKernelError } from "../error.ts";
import { AttributeCursor, type MessageCursor } from "./cursor.ts";
import { fakeAcknowledgement, fakeDone, fakeKernel, fakeMessage, replay } from "./fake-kernel.ts";
import { NLM_F_DUMP_INTR, NLM_F_MULTI, NLMSG_NOOP, NLMSG_OVERRUN } from "./header.ts";
import { NetlinkMessage } from "./message.ts";

const NUMBER = 100;
const body = (value: number): Uint8Array => Buffer.of(value, 0, 0, 0);
const ask = (): NetlinkMessage => new NetlinkMessage(99);

function collect(values: number[]): (reply: MessageCursor) => void {
  return (reply) => void values.push(reply.u32(0));
}

test("request: asks for an acknowledgement and returns when it is there", () => {
  const flags: number[] = [];
  const kernel = fakeKernel((request) => {
    flags.push(request.flags);
    return [fakeMessage(NUMBER, 0, request.sequence, body(7)), fakeAcknowledgement(request, 0)];
  });
  const values: number[] = [];
  kernel.request(ask(), "ask", collect(values));
  kernel.request(new NetlinkMessage(99, 0x600), "ask", collect(values));
  assert.deepEqual(values, [7, 7]);
  assert.deepEqual(flags, [0x5, 0x605]);
});

test("request: errno becomes a KernelError", () => {
  const kernel = fakeKernel((request) => [fakeAcknowledgement(request, constants.errno.EPERM)]);
  assert.throws(
    () => kernel.request(ask(), "add a thing"),
    (error) =>
      isKernelError(error, "kernel-permission") &&
      error.message === "cannot add a thing: EPERM: operation not permitted",
  );
});

test("request: the extended acknowledgement's text comes along", () => {
  const kernel = replay(recording("unreachable-next-hop"));
  assert.throws(
    () => kernel.request(ask(), "add a route"),
    (error) =>
      isKernelError(error, "kernel-rejected") &&
      error.errno === constants.errno.ENETUNREACH &&
      error.kernelSaid === "Nexthop has invalid gateway",
  );
});

test("request: the extended acknowledgement's offset is turned into the attribute it points at", () => {
  const kernel = replay(recording("name-too-long"));
  const request = new NetlinkMessage(17).bytes(new Uint8Array(16)).text(3, "nopenopenopenopenope");
  assert.throws(
    () => kernel.request(request, "delete an interface"),
    (error) =>
      isKernelError(error, "kernel-rejected") &&
      error.kernelSaid === "Attribute failed policy validation; attribute 3 at byte 32 of the request",
  );
});

test("request: what answers a former request is skipped", () => {
  const kernel = fakeKernel((request) => [
    fakeMessage(NUMBER, 0, request.sequence - 1, body(1)),
    fakeAcknowledgement({ ...request, sequence: request.sequence - 1 }, constants.errno.EBUSY),
    Buffer.concat([
      fakeMessage(NLMSG_NOOP, 0, request.sequence, body(2)),
      fakeMessage(NUMBER, 0, request.sequence, body(3)),
      fakeAcknowledgement(request, 0),
    ]),
  ]);
  const values: number[] = [];
  kernel.request(ask(), "ask", collect(values));
  assert.deepEqual(values, [3]);
});

test("request: an answer that never comes is an error, not a wait for ever", () => {
  assert.throws(
    () => fakeKernel(() => []).request(ask(), "ask"),
    (error) => isKernelError(error, "kernel-busy"),
  );
});

test("dump: streams several reads of several messages", () => {
  let reads = 0;
  const kernel = fakeKernel((request) => [
    Buffer.concat([1, 2].map((value) => fakeMessage(NUMBER, NLM_F_MULTI, request.sequence, body(value)))),
    fakeMessage(NUMBER, NLM_F_MULTI, request.sequence, body(3)),
    fakeDone(request),
  ]);
  const values: number[] = [];
  const consistent = kernel.dump(ask(), "list", collect(values), () => {
    reads += 1;
    return true;
  });
  assert.deepEqual([values, consistent, reads], [[1, 2, 3], true, 3]);
});

test("dump: says when the list changed meanwhile", () => {
  const kernel = fakeKernel((request) => [
    fakeMessage(NUMBER, NLM_F_MULTI, request.sequence, body(1)),
    fakeMessage(NUMBER, NLM_F_MULTI | NLM_F_DUMP_INTR, request.sequence, body(2)),
    fakeDone(request),
  ]);
  assert.equal(
    kernel.dump(ask(), "list", () => undefined),
    false,
  );
});

test("dump: stops when told to", () => {
  const kernel = fakeKernel((request) =>
    [1, 2, 3].map((value) => fakeMessage(NUMBER, NLM_F_MULTI, request.sequence, body(value))),
  );
  const values: number[] = [];
  kernel.dump(ask(), "list", collect(values), () => values.length < 2);
  assert.deepEqual(values, [1, 2]);
});

test("dump: an error at its end is thrown", () => {
  const kernel = fakeKernel((request) => [
    fakeMessage(NUMBER, NLM_F_MULTI, request.sequence, body(1)),
    fakeMessage(3, NLM_F_MULTI, request.sequence, Buffer.from([0xf4, 0xff, 0xff, 0xff])),
  ]);
  assert.throws(
    () => kernel.dump(ask(), "list", () => undefined),
    (error) => isKernelError(error, "kernel-no-memory") && error.errno === constants.errno.ENOMEM,
  );
});

test("dump: an overrun is an error", () => {
  const kernel = fakeKernel((request) => [fakeMessage(NLMSG_OVERRUN, 0, request.sequence, body(0))]);
  assert.throws(
    () => kernel.dump(ask(), "list", () => undefined),
    (error) => isKernelError(error, "kernel-no-memory"),
  );
});

test("the connection cannot be used from inside its own answer, and can be afterwards", () => {
  const kernel = fakeKernel((request) => [
    fakeMessage(NUMBER, 0, request.sequence, body(1)),
    fakeAcknowledgement(request, 0),
  ]);
  assert.throws(() => kernel.request(ask(), "ask", () => kernel.request(ask(), "ask again")), TypeError);
  const values: number[] = [];
  kernel.request(ask(), "ask", collect(values));
  assert.deepEqual(values, [1]);
});

test("attribute cursors run over the connection's buffer", () => {
  const attribute = new NetlinkMessage(0)
    .attribute(4, (value) => value.u32be(0x0a000001))
    .finish(0)
    .slice(16);
  const kernel = fakeKernel((request) => [
    fakeMessage(NUMBER, 0, request.sequence, attribute),
    fakeAcknowledgement(request, 0),
  ]);
  const cursor = new AttributeCursor(kernel.buffer);
  let value = 0;
  kernel.request(ask(), "ask", (reply) => {
    cursor.inMessage(reply, 0);
    while (cursor.next()) value = cursor.u32be();
  });
  assert.equal(value, 0x0a000001);
});
