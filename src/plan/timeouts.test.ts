import assert from "node:assert/strict";
import { test } from "node:test";
import { TIMEOUT_NAMES, type Capacity } from "../config/gateway.ts";
import { host } from "../../test/fixtures/gateways.ts";
import { ASSUMED_MIX, planRates, planTimeouts, TIMERS } from "./timeouts.ts";

const capacity = (profile: "rfc" | "paper" | "kernel", seconds: object = {}, rate?: number): Capacity => ({
  connectionsPerSubscriber: 170,
  ...(rate === undefined ? {} : { newConnectionsPerSecond: rate }),
  timeouts: { profile, seconds },
});

function proposed(c: Capacity): Record<string, number> {
  const facts = host();
  return Object.fromEntries(planTimeouts(c, planRates(c, 1_700_000, facts), facts).map((t) => [t.name, t.proposed]));
}

const KERNEL = Object.fromEntries(TIMEOUT_NAMES.map((name) => [name, TIMERS[name].kernel]));

test("profiles, and what the file sets by hand over them", () => {
  const RFC = {
    ...KERNEL,
    "tcp-syn-sent": 240,
    "tcp-syn-recv": 240,
    "tcp-established": 7440,
    "tcp-fin-wait": 240,
    "tcp-close-wait": 240,
    "tcp-last-ack": 240,
    "tcp-time-wait": 240,
    "tcp-close": 240,
    udp: 120,
    "udp-stream": 300,
    icmp: 60,
  };
  const table: [capacity: Capacity, expected: object][] = [
    [capacity("kernel"), KERNEL],
    [capacity("rfc"), RFC],
    [capacity("paper"), { ...KERNEL, "tcp-established": 300 }],
    [capacity("paper", { "tcp-established": 600, udp: 20 }), { ...KERNEL, "tcp-established": 600, udp: 20 }],
    [capacity("rfc", { gre: 90 }), { ...RFC, gre: 90 }],
  ];
  for (const [given, expected] of table) assert.deepEqual(proposed(given), expected);
});

test("the rfc profile is nowhere below a minimum", () => {
  for (const name of TIMEOUT_NAMES) {
    const { minimum = 0, profile, kernel } = TIMERS[name];
    assert.ok((profile ?? kernel) >= minimum, name);
  }
});

test("Little's law: the price of a timeout in entries, by the file's rate or by an assumed one", () => {
  assert.equal(Math.round(100 * ASSUMED_MIX.reduce((sum, { share }) => sum + share, 0)), 100);
  const facts = host();
  const price = (c: Capacity, name: string): number | undefined => {
    return planTimeouts(c, planRates(c, 1_700_000, facts), facts).find((t) => t.name === name)?.entriesSaved;
  };
  const table: [capacity: Capacity, name: string, saved: number | undefined][] = [
    // 5,000 a second, 1 in 100 left open: 50 x (7,440 - 300).
    [capacity("paper", {}, 5000), "tcp-established", 357_000],
    [capacity("kernel", {}, 5000), "tcp-established", 50 * (7440 - 432_000)],
    [capacity("rfc", {}, 5000), "tcp-established", 0],
    [capacity("rfc", { udp: 60 }, 5000), "udp", 1800 * 60],
    [capacity("rfc", {}, 5000), "gre", undefined],
    // No rate in the file: 1,700,000 connections that stay 300 s each come at 5,667 a second.
    [capacity("paper"), "tcp-established", 404_624],
  ];
  for (const [given, name, saved] of table) assert.equal(price(given, name), saved, name);
});

test("rates: by the file, or assumed from the connections expected", () => {
  const facts = host();
  const table: [capacity: Capacity, rate: number, from: string, mean: number, entries: number][] = [
    [capacity("rfc", {}, 5000), 5000, "file", 300, 1_500_000],
    [capacity("rfc"), 5667, "assumed", 300, 1_700_100],
    [capacity("paper", {}, 5000), 5000, "file", 112, 560_000],
  ];
  for (const [given, rate, from, mean, entries] of table) {
    const rates = planRates(given, 1_700_000, facts);
    assert.deepEqual(
      [rates.newConnectionsPerSecond, rates.from, rates.meanSeconds, rates.entries],
      [rate, from, mean, entries],
    );
  }
});

test("a timer the kernel lacks is left out, unless the file sets it or nothing is known of the kernel", () => {
  const names = (c: Capacity, sysctls: Record<string, string>): string[] => {
    const facts = { ...host(), sysctls };
    return planTimeouts(c, planRates(c, 1000, facts), facts).map(({ name }) => name);
  };
  const few = { "net.netfilter.nf_conntrack_udp_timeout": "30" };
  assert.deepEqual(names(capacity("rfc"), few), ["udp"]);
  assert.deepEqual(names(capacity("rfc", { "sctp-established": 300 }), few), ["udp", "sctp-established"]);
  assert.deepEqual(names(capacity("rfc"), {}), [...TIMEOUT_NAMES]);
});
