import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { parseAbOutput, type AbOutcome } from "./ab-output.ts";

/** What ab 2.3 printed, standard output and error together. */
const recorded = (name: string): string =>
  readFileSync(new URL(`../../../test/fixtures/ab/${name}.txt`, import.meta.url), "utf8");

const gaveUp = (completed: number, words: string): AbOutcome => ({ finished: false, completed, words });
const figures = (
  completed: number,
  failed: number,
  refused: number,
  seconds: number,
  requestsPerSecond: number,
  millisecondsPerRequest: number,
  [p50, p90, p99]: readonly [number, number, number],
): AbOutcome => ({
  finished: true,
  completed,
  failed,
  refused,
  seconds,
  requestsPerSecond,
  millisecondsPerRequest,
  latency: { p50, p90, p99 },
});

const OUTCOMES: Readonly<Record<string, AbOutcome>> = {
  finished: figures(500, 0, 0, 0.375, 1334.33, 14.989, [13, 21, 35]),
  "finished-loud": figures(500, 0, 0, 0.322, 1552.39, 12.883, [11, 21, 44]),
  "not-found": figures(50, 0, 50, 0.095, 525.94, 9.507, [5, 17, 26]),
  // ab counts a connection that failed twice, as one that was not received and as an exception.
  "refused-all": figures(500, 750, 0, 0.027, 18332.48, 1.091, [0, 0, 0]),
  refused: gaveUp(0, "apr_socket_recv: Connection refused (111)"),
  timeout: gaveUp(137, "apr_pollset_poll: The timeout specified has expired (70007)"),
  "unknown-name": gaveUp(
    0,
    "apr_sockaddr_info_get() for nonesuch.invalid: Temporary failure in name resolution (670003)",
  ),
  usage: gaveUp(0, "ab: Cannot use concurrency level greater than total number of requests"),
};

void test("what ab prints", async (t) => {
  for (const [name, outcome] of Object.entries(OUTCOMES)) {
    await t.test(name, () => assert.deepEqual(parseAbOutput(recorded(name)), outcome));
  }
  await t.test("nothing", () => assert.deepEqual(parseAbOutput(""), gaveUp(0, "ab ended without a word")));
});
