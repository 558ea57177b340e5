import { equal, notEqual } from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { DEVICE_SLOTS, deviceSlot, findDeviceFactor } from "./device-slots.ts";

test("every interface of up to sixteen has a slot of its own", () => {
  const index = fc.integer({ min: 1, max: 0x7fffffff });
  fc.assert(
    fc.property(fc.uniqueArray(index, { minLength: 1, maxLength: 16 }), (indices) => {
      const factor = findDeviceFactor(indices);
      notEqual(factor, undefined);
      const slots = indices.map((each) => deviceSlot(each, factor ?? 1));
      equal(new Set(slots).size, indices.length);
      equal(
        slots.every((slot) => slot >= 0 && slot < DEVICE_SLOTS),
        true,
      );
      equal((factor ?? 0) % 2, 1);
    }),
  );
});

test("numbers from both ends of the range, which factors near each other do not tell apart", () => {
  notEqual(findDeviceFactor([30, 2147483640, 5, 2147483636]), undefined);
});

test("more interfaces than slots are refused", () => {
  equal(findDeviceFactor(Array.from({ length: DEVICE_SLOTS + 1 }, (_, index) => index + 1)), undefined);
});
