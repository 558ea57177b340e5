import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { fillConnections } from "../../src/lab/generator/fill.ts";
import { readSubscriber } from "../../src/observe/survey/subscriber-connections.ts";
import { buildThreeNamespaces, generatorEnds, type ThreeNamespaces } from "../fixtures/three-namespaces.ts";
import { startTmux, type TmuxTerminal } from "../fixtures/tmux.ts";

const MEGANAT = fileURLToPath(new URL("../../bin/meganat", import.meta.url));
const CRASH = [
  ...loaderWords(import.meta.url),
  fileURLToPath(ownModule("../fixtures/terminal-crash", import.meta.url)),
];
const CONNECTIONS = 3000;
const SUBSCRIBERS = 100;

function missing(): string | false {
  if (process.getuid?.() !== 0) return "network namespaces need root";
  try {
    execFileSync("tmux", ["-V"]);
    return false;
  } catch {
    return "tmux is not installed: scripts/setup.sh --for test";
  }
}

describe("top", { skip: missing() }, () => {
  let net: ThreeNamespaces | undefined;
  let terminal: TmuxTerminal | undefined;

  before(async () => {
    net = buildThreeNamespaces("top", "oifname wan snat ip to 61.138.177.3-61.138.177.4 persistent");
    await fillConnections({
      ...generatorEnds(net),
      subscribers: [{ first: 0x0a400000, last: 0x0a400000 + SUBSCRIBERS - 1 }],
      connections: CONNECTIONS,
      protocol: "tcp",
      method: "packet-socket",
    });
  });
  after(() => {
    try {
      terminal?.close();
    } finally {
      net?.remove();
    }
  });

  const start = async (command = `${MEGANAT} top --netns ${net?.gateway}`): Promise<TmuxTerminal> => {
    terminal?.close();
    terminal = undefined;
    terminal = await startTmux(80, 24);
    terminal.keys("clear; echo was here", "Enter");
    await terminal.until(/^was here\nready>$/);
    terminal.keys(`${command} 2>/dev/null; stty -a | grep -o .icanon`, "Enter");
    return terminal;
  };

  /** As before it began: the text, the shell's prompt, line editing. */
  const restored = async (at: TmuxTerminal): Promise<void> => {
    const shown = await at.until(/ready>$/);
    const [first, ...others] = shown.split("\n");
    assert.equal(first, "was here");
    assert.match(others.join(" "), / icanon ready>$/);
    assert.doesNotMatch(shown, /SUBSCRIBER/);
  };

  test("prints a frame, and the same as an object", () => {
    const args = ["--netns", net?.gateway ?? "", "top"];
    const frame = execFileSync(MEGANAT, [...args, "--once"], { encoding: "utf8" });
    assert.match(frame, /^Table .* 3,000 of /m);
    assert.match(frame, /^ {2}10\.64\.0\.0 +30 +0 +1\.0 % /m);
    const view = JSON.parse(execFileSync(MEGANAT, [...args, "--json", "--filter", "0.7"], { encoding: "utf8" })) as {
      table: { connections: number };
      rates: object;
      survey: { entries: number };
      addresses: { address: string; connections: number }[];
      subscribers: { total: number; rows: { address: string; connections: number }[] };
    };
    assert.equal(view.table.connections, CONNECTIONS);
    assert.equal(view.survey.entries, CONNECTIONS);
    assert.deepEqual(view.rates, { new: 0, destroyed: 0, insertFailed: 0, drop: 0, earlyDrop: 0 });
    assert.equal(
      view.addresses.reduce((sum, { connections }) => sum + connections, 0),
      CONNECTIONS,
    );
    assert.deepEqual(view.addresses.map(({ address }) => address).toSorted(), ["61.138.177.3", "61.138.177.4"]);
    assert.equal(view.subscribers.total, SUBSCRIBERS);
    assert.deepEqual(
      view.subscribers.rows.map(({ address, connections }) => [address, connections]),
      ["7", "70", "71", "72", "73", "74", "75", "76", "77", "78"].map((end) => [`10.64.0.${end}`, 30]),
    );
  });

  test("looks into a subscriber that is only forwarded to", () => {
    const forward = "-p tcp -s 198.51.100.1 -d 61.138.177.4 --dst-nat 10.99.0.1:80 --sport 40000 --dport 8080";
    const more = "--state ESTABLISHED --timeout 600 -u SEEN_REPLY";
    net?.conntrack("-I", ...`${forward} ${more}`.split(" "));
    try {
      const { connections, rows } = readSubscriber(net?.gateway, "10.99.0.1", 10);
      assert.equal(connections, 1);
      const [row] = rows;
      assert.deepEqual(
        [row?.protocol, row?.state, row?.from, row?.to, row?.translated],
        ["tcp", "ESTABLISHED", "10.99.0.1:80", "198.51.100.1:40000", "61.138.177.4:8080"],
      );
    } finally {
      net?.conntrack("-D", "-s", "198.51.100.1");
    }
  });

  test("shows the figures, obeys keys, follows the terminal's size and gives the screen back", async () => {
    const at = await start();
    await at.until(/^Table .* 3,000 of /m);
    await at.until(/^> 10\.64\.0\.0 +30 /m);
    await at.until(/^61\.138\.177\.3 +1,\d{3} /m);
    at.keys("Down", "Down");
    await at.until(/^> 10\.64\.0\.2 +30 /m);
    at.keys("Enter");
    const inside = await at.until(/Subscriber 10\.64\.0\.2: 30 connections/);
    assert.match(inside, /^tcp +ESTABLISHED +\d+ \w +\d+ +198\.1[89]\.\S+ +61\.138\.177\.[34]:\d+$/m);
    at.keys("Escape");
    await at.until(/^> 10\.64\.0\.2 +30 /m);
    at.keys("s");
    await at.until(/NEW\/S\*/);
    at.keys("/", "0.4");
    await at.until(/Filter: 0\.4_/);
    at.keys("Enter");
    await at.until(/^> 10\.64\.0\.4 +30 .*\n {2}10\.64\.0\.40 /m);
    at.keys("p");
    await at.until(/PAUSED/);
    at.keys("?");
    await at.until(/sort subscribers/);
    at.keys("x");
    at.resize(40, 10);
    const small = await at.until(/^Table +\S.*\n(?:.*\n)*> 10\.64\.0\.4 /m);
    assert.ok(small.split("\n").every((text) => text.length <= 40));
    at.resize(120, 40);
    await at.until(/10\.64\.0\.49 /);
    at.keys("C-z");
    await at.until(/Stopped/);
    at.keys("fg", "Enter");
    await at.until(/10\.64\.0\.49 /);
    at.keys("q");
    await at.until(/ready>$/);
  });

  for (const [what, end] of [
    ["q", (at: TmuxTerminal) => at.keys("q")],
    ["Ctrl-C", (at: TmuxTerminal) => at.keys("C-c")],
    ["SIGTERM", (at: TmuxTerminal) => process.kill(at.foreground(), "SIGTERM")],
    ["SIGHUP", (at: TmuxTerminal) => process.kill(at.foreground(), "SIGHUP")],
  ] as const) {
    test(`${what} gives the screen back as it was`, async () => {
      const at = await start();
      await at.until(/^> 10\.64\.0\.0 /m);
      end(at);
      await restored(at);
    });
  }

  test("an exception that nobody catches gives the screen back, too", async () => {
    const at = await start([process.execPath, ...CRASH].join(" "));
    await at.until(/^about to fail$/);
    at.keys("x");
    await restored(at);
  });
});
