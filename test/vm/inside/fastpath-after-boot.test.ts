import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { Conversation, everyKind } from "../../fixtures/fast-path/conversation.ts";
import { openWire } from "../../fixtures/fast-path/wire.ts";

const ROUNDS = 5;

// The kernel's clock of 32 bits begins five minutes before it wraps (INITIAL_JIFFIES in linux/jiffies.h). Until then 0,
// which is what an empty place for a connection holds, is a time yet to come: no reason to take the place for occupied.
for (const path of ["xdp", "tc"] as const) {
  test(`of a kernel that has just booted, connections go past netfilter: ${path}`, async (t) => {
    t.diagnostic(`${readFileSync("/proc/uptime", "utf8").split(".")[0]} s after the kernel's start`);
    const wire = openWire(t);
    wire.turnOn(path, { fresh: 600, longest: 3600 });
    const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
    const before = { lan: wire.count("lan", "forwarded"), wan: wire.count("wan", "forwarded") };
    for (let round = 0; round < ROUNDS; round++) {
      await tcp.callAndArrive();
      await tcp.answerAndArrive();
    }
    for (const at of ["lan", "wan"] as const) {
      assert.equal(wire.count(at, "forwarded") - before[at], ROUNDS, at);
      assert.equal(wire.count(at, "unknown"), 1, at);
      assert.equal(wire.count(at, "crowded"), 0, at);
    }
  });
}
