import { setTimeout as sleep } from "node:timers/promises";
import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import { spawnInNamespace } from "../../kernel/namespace.ts";
import { PacketSocket } from "../../kernel/packet-socket.ts";
import type { PortUseSignal } from "../../diagnose/signals/table.ts";
import type { Report } from "../../diagnose/report.ts";
import { sendPackets, type PacketFields } from "./packets.ts";
import type { Scene } from "./scene.ts";
import { silence } from "./silence.ts";

/** The one everybody calls. */
export const CROWDED = { address: "198.18.0.9", port: 443 } as const;
/** Who asks for one more connection, to measure how many are refused. */
const PROBER = "10.64.4.250";
const PROBES_PER_SECOND = 300;
/** Octets of data that tell a probe from the rest. */
const PROBE_DATA = 33;
const FILL_PER_SECOND = 30_000;
const BATCH = 2048;
const MOST_BATCHES = 60;
/** Until what was sent has arrived. */
const SETTLE_MS = 3;
/** Long enough that nothing expires on a slow machine while the doctor looks. */
const TIMEOUT = 180;
const FRAME_BYTES = 256;
/** Where the fields lie in a frame: octets of the IP packet, the destination. */
const LENGTH_AT = 16;
const DESTINATION_AT = 30;

/** Subscribers call the one destination, from ports at random, until the table has so many connections. */
export async function crowd(scene: Scene, connections: number, sources: readonly string[]): Promise<void> {
  silence(scene, CROWDED.address);
  scene.sysctl("gateway", "net.netfilter.nf_conntrack_udp_timeout", TIMEOUT);
  const { signal } = new AbortController();
  const begun = readConntrackCount(scene.gateway);
  for (let batch = 0; batch < MOST_BATCHES; batch++) {
    const left = connections - (readConntrackCount(scene.gateway) - begun);
    if (left <= 0) return;
    await sendPackets(scene, { side: "inside" }, () => call(pick(sources), randomPort()), {
      perSecond: FILL_PER_SECOND,
      signal,
      count: Math.min(BATCH, left),
    });
  }
}

/** Addresses of so many subscribers. */
export function subscribers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `10.64.${1 + Math.floor(i / 250)}.${1 + (i % 250)}`);
}

/** How many connections were tried and how many were refused, counted beyond the gateway. */
export interface Refusals {
  sent: number;
  refused: number;
}

/** Asks for one connection after another until the signal, and counts which arrive outside. */
export async function probe(
  scene: Scene,
  signal: AbortSignal,
  into: Refusals,
  { source = PROBER, clean = true }: { readonly source?: string; readonly clean?: boolean } = {},
): Promise<void> {
  const arrivals = new PacketSocket(scene.outside, "wan");
  const buffer = Buffer.alloc(FRAME_BYTES);
  const destination = Buffer.from(CROWDED.address.split(".").map(Number));
  let sent = 0;
  let arrived = 0;
  const take = (): void => {
    for (let length = arrivals.receive(buffer); length !== undefined; length = arrivals.receive(buffer)) {
      const isProbe = buffer.readUInt16BE(LENGTH_AT) === 28 + PROBE_DATA;
      if (isProbe && buffer.subarray(DESTINATION_AT, DESTINATION_AT + 4).equals(destination)) arrived++;
    }
    into.sent = sent;
    into.refused = Math.max(0, sent - arrived);
  };
  try {
    while (!signal.aborted) {
      sent += await sendPackets(scene, { side: "inside" }, () => call(source, randomPort(), PROBE_DATA), {
        perSecond: PROBES_PER_SECOND,
        signal,
        count: PROBES_PER_SECOND / 20,
      });
      await sleep(SETTLE_MS);
      take();
      if (clean) await forget(scene, source);
    }
  } finally {
    arrivals.close();
  }
}

/** A sentence if the doctor's figures are not those measured: of the fullest destination. */
export function compareRefusals(report: Report, { sent, refused }: Refusals): string | undefined {
  const use: PortUseSignal | undefined = report.capacity.fullest.find(
    ({ destination }) => destination === CROWDED.address,
  );
  if (use === undefined) return `the capacity does not name ${CROWDED.address}`;
  if (refused < 10) return `only ${refused} of ${sent} connections were refused: nothing to compare with`;
  const measured = refused / sent;
  const ratio = use.refusalChance / measured;
  if (ratio > 0.5 && ratio < 2) return undefined;
  return `it says ${use.refusalChance.toFixed(3)} of connections are refused, ${measured.toFixed(3)} were (${refused} of ${sent})`;
}

/** Takes the probes that got through out of the table, lest they fill what is left. */
async function forget(scene: Scene, source: string): Promise<void> {
  const child = spawnInNamespace(scene.gateway, "conntrack", ["-D", "-s", source], { stdio: "ignore" });
  await new Promise((resolve) => child.once("exit", resolve));
}

function call(source: string, sourcePort: number, data?: number): PacketFields {
  const content = { protocol: "udp" as const, sourcePort, destinationPort: CROWDED.port };
  return { source, destination: CROWDED.address, content: data === undefined ? content : { ...content, data } };
}

function pick(sources: readonly string[]): string {
  return sources[Math.floor(Math.random() * sources.length)] ?? "10.64.1.1";
}

function randomPort(): number {
  return 1024 + Math.floor(Math.random() * 64_512);
}
