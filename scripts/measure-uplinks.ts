import { spawn, type ChildProcess } from "node:child_process";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { readGateway } from "../src/config/read-gateway.ts";
import { readSysctl } from "../src/kernel/sysctl.ts";
import { applyInLab } from "../src/lab/apply-in-lab.ts";
import { fillConnections } from "../src/lab/generator/fill.ts";
import { bringUpLab } from "../src/lab/lab.ts";
import { NEW_CONNECTIONS } from "../test/fixtures/uplinks-stage.ts";

/*
 * What the failure of a provider costs, in a lab of examples/two-providers.yaml: how many new connections are in vain,
 * and how long the dead provider's connections stay. As root, after a build:
 *   node --import tsx scripts/measure-uplinks.ts [connections by each provider] [cable | silent]
 */

const [connections = "500000", failure = "cable"] = process.argv.slice(2);
const FILE = fileURLToPath(new URL("../examples/two-providers.yaml", import.meta.url));
const COMMAND = fileURLToPath(new URL("../bin/meganat", import.meta.url));
const HALVES = [
  { subscribers: { first: 0x0a0a0100, last: 0x0a0a14ff }, interface: "eth0" },
  { subscribers: { first: 0x0a0a1500, last: 0x0a0a28ff }, interface: "eth1" },
] as const;
const SILENCE = "table ip silence { chain in { type filter hook prerouting priority -200; iifname eth0 drop; }; }";

const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

const reading = readGateway(readFileSync(FILE));
if ("problems" in reading) throw new Error("the example is wrong");
const lab = await bringUpLab(reading.gateway, { life: "process" });
const children: ChildProcess[] = [];
try {
  applyInLab(lab);
  const { gateway, inside, outside } = lab.topology.namespaces;
  const entries = (): string => readSysctl(gateway, "net.netfilter.nf_conntrack_count") ?? "?";
  for (const half of HALVES) {
    await fillConnections({
      inside: { namespace: inside, interface: "eth2" },
      outside: { namespace: outside, interface: half.interface },
      subscribers: [half.subscribers],
      connections: Number(connections),
      protocol: "udp",
    });
  }
  say(`${entries()} entries, ${readSysctl(undefined, "net.netfilter.nf_conntrack_buckets") ?? "?"} buckets`);

  const events: { readonly at: string; readonly event: string }[] = [];
  lines(COMMAND, ["uplinks", "watch", FILE, "--netns", gateway, "--json"], (line) =>
    events.push(JSON.parse(line) as (typeof events)[number]),
  );
  const begun: { readonly begun: number; readonly by?: string }[] = [];
  const program = ["netns", "exec", inside, process.execPath, "-e", NEW_CONNECTIONS, "10.10.1.77", "198.51.100.9"];
  lines("ip", program, (line) => begun.push(JSON.parse(line) as (typeof begun)[number]));
  await pause(3000);

  const failed = Date.now();
  if (failure === "cable") lines("ip", ["-n", outside, "link", "set", "eth0", "down"], say);
  else lines("ip", ["netns", "exec", outside, "nft", SILENCE], say);
  await pause(5000);
  for (const { at, event } of events) say(`${event} after ${Date.parse(at) - failed} ms`);
  const inVain = begun.filter((one) => one.begun >= failed && one.by === undefined);
  const last = Math.max(failed, ...inVain.map((one) => one.begun)) - failed;
  say(
    `${inVain.length} new connections of 100 a second in vain, the last begun after ${last} ms; ${entries()} entries`,
  );
} finally {
  for (const child of children) child.kill();
  await lab.close();
}

/** Runs a program until the end, and hands over the lines it prints. */
function lines(command: string, args: readonly string[], take: (line: string) => unknown): void {
  const child = spawn(command, args, { stdio: ["ignore", "pipe", "inherit"] });
  children.push(child);
  createInterface(child.stdout).on("line", take);
}
