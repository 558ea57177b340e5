import assert from "node:assert/strict";
import { test } from "node:test";
import { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { ENTRY_SAMPLES } from "../../../test/fixtures/connection-entries.ts";
import { ByteWriter } from "./byte-writer.ts";
import { writeConntrackLine } from "./conntrack-line.ts";
import { compileFilter } from "./filter.ts";
import { writeJsonLine } from "./json-line.ts";
import { PortUseCount } from "./port-use.ts";
import { FlowSummary, SUMMARY_KEYS } from "./summary.ts";
import { writeTableLine } from "./table-line.ts";

/** A million takes a minute: MEGANAT_FUZZ_MESSAGES=1000000. */
const MESSAGES = Number(process.env["MEGANAT_FUZZ_MESSAGES"] ?? 50_000);
const SEED = 1;
const LONGEST = 4096;
const START = 64;

/** The same numbers for the same seed (mulberry32). */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below);
  };
}

/** Bytes changed, lengths and types at header places changed, parts cut out, doubled or taken from another one. */
function mutate(body: Uint8Array, random: (below: number) => number): Uint8Array {
  let bytes = Uint8Array.from(body);
  for (let changes = 1 + random(4); changes > 0; changes--) {
    const at = random(bytes.length);
    const word = at & ~3;
    switch (random(6)) {
      case 0:
        bytes[at] = random(256);
        break;
      case 1:
        bytes[word] = [0, 1, 3, 4, 5, 8, 20, 255][random(8)] ?? 0;
        break;
      case 2:
        bytes[word + 2] = random(32);
        break;
      case 3:
        bytes = bytes.slice(0, at);
        break;
      case 4:
        bytes = Uint8Array.from([...bytes.subarray(0, word), ...bytes.subarray(random(bytes.length) & ~3)]);
        break;
      default: {
        const other = ENTRY_SAMPLES[random(ENTRY_SAMPLES.length)] ?? body;
        bytes = Uint8Array.from([...bytes.subarray(0, word), ...other.subarray(random(other.length) & ~3)]);
      }
    }
    if (bytes.length === 0) return bytes;
  }
  return bytes.subarray(0, LONGEST - START);
}

/** Everything that is done with entries, on a buffer where what lies around the entry is `filler`. */
class Reader {
  readonly #buffer: Buffer;
  readonly #filler: number;
  readonly entry: ConnectionEntry;
  readonly #lines: string[] = [];
  readonly #writer = new ByteWriter((bytes) => this.#lines.push(Buffer.from(bytes).toString("latin1")));
  readonly #summaries = SUMMARY_KEYS.map((by) => new FlowSummary(by, 100));
  readonly #ports = new PortUseCount([{ address: 0x3d010101, first: 1024, last: 65535, blockSize: 128 }]);
  readonly #matches = compileFilter(
    {
      source: { v6: { bytes: new Uint8Array(16), length: 3 } },
      age: { min: 0, max: 1e9 },
      state: "ESTABLISHED",
      zone: 5,
    },
    1_700_000_300,
  );

  constructor(filler: number) {
    this.#filler = filler;
    this.#buffer = Buffer.alloc(LONGEST);
    this.entry = new ConnectionEntry(this.#buffer);
  }

  /** What is made of the entry, as a text; undefined if it is malformed. */
  read(body: Uint8Array): string | undefined {
    this.#buffer.fill(this.#filler);
    this.#buffer.set(body, START);
    if (!this.entry.scan(START, START + body.length)) return undefined;
    this.#lines.length = 0;
    for (const summary of this.#summaries) summary.add(this.entry);
    this.#ports.count(this.entry);
    this.#lines.push(String(this.#matches?.(this.entry)));
    writeConntrackLine(this.#writer, this.entry, true, 1_700_000_300);
    writeTableLine(this.#writer, this.entry);
    this.#writer.flush();
    writeJsonLine(this.#writer, this.entry);
    this.#writer.flush();
    return this.#lines.join("");
  }

  end(): unknown {
    this.#ports.choose(10);
    return [this.#summaries.map((summary) => summary.result(1000)), this.#ports.result(3)];
  }
}

test(`${MESSAGES} mutated messages: no crash, no hang, no byte read outside, every malformed one counted`, () => {
  const random = randomNumbers(SEED);
  const [zeros, ones] = [new Reader(0x00), new Reader(0xff)];
  let malformed = 0;
  let whole = 0;
  for (let i = 0; i < MESSAGES; i++) {
    const body = mutate(ENTRY_SAMPLES[i % ENTRY_SAMPLES.length] ?? new Uint8Array(), random);
    const text = zeros.read(body);
    // What lies outside of the message is different, what is made of it is not.
    if (text !== ones.read(body)) assert.equal(text, ones.read(body), Buffer.from(body).toString("hex"));
    if (text === undefined) malformed++;
    else {
      whole++;
      const json = text.slice(text.lastIndexOf("\n", text.length - 2) + 1);
      assert.doesNotThrow(() => void JSON.parse(json), json);
    }
  }
  assert.equal(zeros.entry.malformed, malformed);
  assert.ok(zeros.entry.unknown > 0);
  // Neither is rare, else the test would test nothing.
  assert.ok(malformed > MESSAGES / 10 && whole > MESSAGES / 10, `${malformed} malformed, ${whole} whole`);
  assert.deepEqual(zeros.end(), ones.end());
});
