import assert from "node:assert/strict";
import { test } from "node:test";
import { kernelFilter, compileFilter, type FlowFilter } from "./filter.ts";

const one = (address: number) => ({ v4: { first: address, last: address } });
const V6 = { v6: { bytes: Uint8Array.from({ length: 16 }, (_, i) => i), length: 128 } };

test("the kernel is asked for what it can do, and nothing it would misunderstand", () => {
  const cases: readonly (readonly [FlowFilter, ReturnType<typeof kernelFilter>])[] = [
    [{}, { family: 0 }],
    [{ protocol: 6 }, { family: 0, protocol: 6 }],
    [{ source: one(0x0a000001) }, { family: 2, originalSource: Uint8Array.of(10, 0, 0, 1) }],
    [{ source: { v4: { first: 1, last: 2 } } }, { family: 2 }],
    [{ destination: V6 }, { family: 10, originalDestination: V6.v6.bytes }],
    [{ destination: { v6: { ...V6.v6, length: 64 } } }, { family: 10 }],
    [{ subscriber: one(1) }, { family: 2 }],
    [
      { family: 2, protocol: 17, destinationPort: { first: 53, last: 53 } },
      { family: 2, protocol: 17, originalDestinationPort: 53 },
    ],
    [
      { family: 2, protocol: 17, sourcePort: { first: 53, last: 54 } },
      { family: 2, protocol: 17 },
    ],
    [
      { family: 2, protocol: 1, sourcePort: { first: 53, last: 53 } },
      { family: 2, protocol: 1 },
    ],
    [{ family: 2, source: V6 }, { family: 0 }],
    [{ source: one(1), destination: V6 }, { family: 0 }],
    [
      { status: { value: 2, mask: 6 }, zone: 0 },
      { family: 0, status: { value: 2, mask: 6 }, zone: 0 },
    ],
  ];
  for (const [filter, expected] of cases) assert.deepEqual(kernelFilter(filter), expected, JSON.stringify(filter));
});

test("an empty filter needs no test", () => {
  assert.equal(compileFilter({}, 0), undefined);
});
