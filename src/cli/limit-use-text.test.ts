import assert from "node:assert/strict";
import { test } from "node:test";
import { limitUseLines } from "./limit-use-text.ts";

test("who was refused, and whose packets were held, the most first and no more than ten", () => {
  const refused = Array.from({ length: 12 }, (_, i) => ({ address: `10.0.0.${i}`, connections: 5000 - i, rate: i }));
  const held = [{ class: "4d4e:5", address: "10.0.0.5", bytes: 2048, drops: 1, backlogBytes: 1514 }];
  const shaped = [
    { interface: "lan", classes: 1027, bytes: 3 * 2 ** 20, drops: 1, backlogBytes: 1514, held },
    { interface: "wan", classes: 1, bytes: 0, drops: 0, backlogBytes: 0, held: [] },
  ];
  const lines = limitUseLines({ refused, shaped });
  assert.deepEqual(lines.slice(0, 2), ["  refused   too many  too fast", "  10.0.0.0     5,000         0"]);
  assert.deepEqual(lines.slice(10), [
    "  10.0.0.9     4,991         9",
    "  ... and 2 more",
    "  lan: 1,027 classes, 3.0 MiB sent, 1 packet dropped, 1.5 KiB waiting",
    "  held to its rate  class      sent  dropped  waiting",
    "  10.0.0.5          4d4e:5  2.0 KiB        1  1.5 KiB",
    "  wan: 1 class, 0 B sent, 0 packets dropped, 0 B waiting",
  ]);
  assert.deepEqual(limitUseLines({ refused: [], shaped: [] }), ["  nobody was refused a connection"]);
});
