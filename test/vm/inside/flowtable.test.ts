import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { run } from "../../fixtures/own-namespaces.ts";

const MEGANAT = fileURLToPath(new URL("../../../bin/meganat", import.meta.url));
const [INSIDE, GATEWAY, OUTSIDE] = ["vm-inside", "vm-gateway", "vm-outside"] as const;
const ALL = [INSIDE, GATEWAY, OUTSIDE];

const FILE = (path: string): string => `version: 1
name: short-cut
links:
  wan: { addresses: 192.0.2.1/24 }
  lan: { addresses: 10.10.0.1/24 }
pools:
  public: { addresses: 192.0.2.10-192.0.2.11 }
source-nat:
  - { name: all, from: 10.10.0.0/24, out: wan, to: public }
fast-path: ${path}
`;

interface Result {
  readonly fastPath?: unknown;
  readonly state?: string;
  readonly devices?: readonly { readonly name: string; readonly path: string }[];
}

describe("fast-path: flowtable", () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), "meganat-flowtable-"));
    for (const namespace of ALL) run(undefined, "ip", "netns", "add", namespace);
    wire(INSIDE, "10.10.0.2/24", "lan");
    wire(OUTSIDE, "192.0.2.2/24", "wan");
    run(INSIDE, "ip", "route", "add", "default", "via", "10.10.0.1");
  });
  after(() => {
    for (const namespace of ALL) run(undefined, "ip", "netns", "delete", namespace);
    rmSync(folder, { recursive: true });
  });

  function wire(end: string, address: string, port: string): void {
    run(GATEWAY, "ip", "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", end);
    run(end, "ip", "address", "add", address, "dev", "eth0");
    run(end, "ip", "link", "set", "eth0", "up");
  }

  function meganat(...words: string[]): { status: number | null; text: string } {
    const { status, stdout, stderr } = spawnSync(process.execPath, [MEGANAT, "--netns", GATEWAY, ...words], {
      encoding: "utf8",
    });
    return { status, text: stdout + stderr };
  }

  function json(...words: string[]): Result {
    const { text } = meganat(...words, "--json");
    return JSON.parse(text) as Result;
  }

  function applyWith(path: string): Result {
    const file = join(folder, "gateway.yaml");
    writeFileSync(file, FILE(path));
    return json("apply", file);
  }

  /** Talks through the gateway by TCP for a second, and gives what `shown` prints in the middle of it. */
  function whileTalking(shown: string): string {
    // Both directions must have been seen before a connection is taken over; socat then holds it open.
    const script = `
      ip netns exec ${OUTSIDE} socat TCP4-LISTEN:80,reuseaddr EXEC:cat &
      sleep 1
      (for i in 1 2 3 4 5; do echo hello; sleep 0.2; done; ${shown} >&2; sleep 0.2) |
        ip netns exec ${INSIDE} socat -t 5 - TCP4:192.0.2.2:80
      wait`;
    const said = run(undefined, "sh", "-c", `(${script}) 2>&1`);
    assert.equal(said.match(/hello/g)?.length, 5, said);
    return said;
  }

  const flows = (...words: string[]): string =>
    [process.execPath, MEGANAT, "--netns", GATEWAY, "flows", "list", "-o", "conntrack", ...words].join(" ");
  const TRANSLATED = /src=10\.10\.0\.2 dst=192\.0\.2\.2 .* src=192\.0\.2\.2 dst=192\.0\.2\.1[01] .*\[OFFLOAD\]/;

  test("takes translated connections over; flows and conntrack say so", () => {
    assert.equal(applyWith("flowtable").fastPath, "turned-on");
    assert.equal(applyWith("flowtable").fastPath, "kept");
    const { state, devices } = json("fastpath", "status");
    assert.deepEqual(
      [state, devices?.toSorted((a, b) => (a.name < b.name ? -1 : 1))],
      [
        "on",
        [
          { name: "lan", path: "flowtable" },
          { name: "wan", path: "flowtable" },
        ],
      ],
    );
    assert.match(whileTalking(flows("--status", "offload")), TRANSLATED);
    assert.match(whileTalking(`ip netns exec ${GATEWAY} conntrack -L -p tcp`), TRANSLATED);
    assert.match(meganat("status", "--quick").text, /the kernel's flowtable, between (lan, wan|wan, lan)/);
  });

  test("is made anew when an interface of it was made anew, and goes with the file and with remove", () => {
    run(GATEWAY, "ip", "link", "delete", "wan");
    wire(OUTSIDE, "192.0.2.2/24", "wan");
    assert.equal(applyWith("flowtable").fastPath, "turned-on");
    assert.match(whileTalking(flows("--status", "offload")), TRANSLATED);
    assert.equal(applyWith("off").fastPath, "turned-off");
    assert.doesNotMatch(whileTalking(flows()), /\[OFFLOAD\]/);
    assert.equal(applyWith("flowtable").fastPath, "turned-on");
    assert.equal(meganat("fastpath", "on", "--path", "tc", "wan", "lan").status, 0);
    assert.equal(json("fastpath", "status").devices?.[0]?.path, "tc");
    assert.equal(applyWith("flowtable").fastPath, "turned-on");
    assert.equal(meganat("remove").status, 0);
    assert.equal(run(GATEWAY, "nft", "list", "ruleset"), "");
  });
});
