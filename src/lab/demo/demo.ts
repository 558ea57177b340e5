import { countAddresses } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import { readSlabCache } from "../../kernel/slab.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { formatNoun } from "../../plan/figures.ts";
import type { Plan, SourcePlan } from "../../plan/plan.ts";
import { applyInLab } from "../apply-in-lab.ts";
import type { LabClient } from "../client/lab-client.ts";
import { LabError } from "../error.ts";
import type { LimitWishes } from "../host-limits.ts";
import { bringUpLab, type Lab } from "../lab.ts";
import { isUnprivileged, LEFT_OUT_UNPRIVILEGED } from "../unprivileged.ts";
import { firstAddresses, neighbourRoom, pickServer, speakers, spread } from "./demo-ends.ts";
import { checkBlocks, type BlockKeeping } from "./own-blocks.ts";
import { DEFAULT_CONNECTIONS, fillGateway, likelyMethod, type DemoFill } from "./fill.ts";
import { progressBar, type ProgressPlace } from "./progress-bar.ts";
import { takeSamples, type Sample } from "./samples.ts";
import { describeLab, describeSamples, describeTraffic } from "./steps-text.ts";
import { runTraffic, type TrafficReport } from "./traffic.ts";

/** What the demo shows, and where it speaks. */
export interface DemoOptions {
  readonly gateway: Gateway;
  /** How many translations to hold; by default a million, or as many as is sensible without eBPF. */
  readonly connections?: number;
  /** Leave the lab standing. */
  readonly keep?: boolean;
  /** For people, line by line. */
  readonly say: (line: string) => void;
  readonly progress: ProgressPlace;
  /** Ends the demo early; it cleans up and throws `interrupted`. */
  readonly signal?: AbortSignal;
}

/** What the demo found; the object of `--json`. */
export interface DemoResult {
  readonly gateway: string;
  readonly lab: string;
  /** Distinct connections whose translated packets arrived outside, counted there. */
  readonly translations: number;
  /** Entries in the kernel's connection table of the gateway's namespace, read independently. */
  readonly kernelCount: number;
  readonly requested: number;
  readonly refused: number;
  /** Those that had translations. */
  readonly subscribers: number;
  readonly poolAddresses: number;
  readonly poolAddressesUsed: number;
  /** From start to end, cleaning up included. */
  readonly seconds: number;
  readonly fillSeconds: number;
  readonly cleanUpSeconds: number;
  /** New translations a second while filling. */
  readonly rate: number;
  readonly method: DemoFill["method"];
  /** Memory of the connection table's entries, its hash not included; absent if only the host's root may know. */
  readonly entryBytes?: number;
  /** Whether every subscriber kept to its own port block, seen from outside; absent if ports are shared. */
  readonly blocks?: BlockKeeping;
  /** Real traffic before the fill, and again while all translations are held. */
  readonly before: TrafficReport;
  readonly held: TrafficReport;
  readonly samples: readonly Sample[];
  /** What this machine or user cannot do, in words. */
  readonly leftOut: readonly string[];
  readonly kept: boolean;
  /** True when at least the requested number was held by both counts, and nobody left its block. */
  readonly ok: boolean;
}

/** Subscribers that make real traffic, and those whose translation is shown. */
const TALKERS = 4;
const SAMPLES = 4;

/** Answers need an entry for each subscriber; one table for all namespaces. */
const NEIGHBOUR_LIMIT = "net.ipv4.neigh.default.gc_thresh3";

/** Plans the gateway, replicates and applies it in a lab, sends traffic through it, and fills it to the brim. */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const started = performance.now();
  const lab = await bringUpLab(options.gateway, { life: "process" });
  let shown: Shown;
  let closing = 0;
  try {
    shown = await show(lab, options, (performance.now() - started) / 1000);
    closing = performance.now();
    if (options.keep === true) await lab.keep();
  } catch (error) {
    await lab.close();
    if (options.signal?.aborted === true) throw interrupted();
    throw error;
  }
  if (options.keep !== true) await lab.close();
  const now = performance.now();
  return { ...shown, cleanUpSeconds: rounded((now - closing) / 1000), seconds: rounded((now - started) / 1000) };
}

type Shown = Omit<DemoResult, "seconds" | "cleanUpSeconds">;

async function show(lab: Lab, options: DemoOptions, upSeconds: number): Promise<Shown> {
  const { say, signal } = options;
  const expected = options.connections ?? DEFAULT_CONNECTIONS[likelyMethod()];
  const { plan, outcome, limits } = applyInLab(lab, wishesFor(expected));
  const source = requireSource(plan);
  for (const line of describeLab(lab, source, outcome.changes.length, upSeconds)) say(line);

  const client = await lab.openClient("inside");
  signal?.throwIfAborted();
  const all = speakers(source.subscribers, lab.topology);
  const subscribers = firstAddresses(all, neighbourRoom(readSysctl(undefined, NEIGHBOUR_LIMIT), countAddresses(all)));
  const silent = countAddresses(all) - countAddresses(subscribers);
  const server = pickServer(plan, lab.topology);
  const before = await runTraffic(client, spread(subscribers, TALKERS), server);
  for (const line of describeTraffic("Real traffic through the gateway", before)) say(line);
  signal?.throwIfAborted();
  const samples = await sample(lab, plan, client, server, subscribers);
  for (const line of describeSamples(samples)) say(line);
  signal?.throwIfAborted();

  let bar: ReturnType<typeof progressBar> | undefined;
  const fill = await fillGateway(lab.topology, subscribers, source.rule.out, options.connections, {
    onProgress: ({ connections, delivered }) => {
      bar ??= progressBar(options.progress, connections, () => performance.now());
      bar(delivered);
    },
    ...(signal === undefined ? {} : { signal }),
  });
  const blocks = checkBlocks(source, fill);
  const kernelCount = readConntrackCount(lab.topology.namespaces.gateway);
  // The size of an entry from the kernel; the cache itself is the whole host's, and others use it too.
  const entrySize = readSlabCache("nf_conntrack")?.objectBytes;
  const held = await runTraffic(client, spread(subscribers, TALKERS), server);
  for (const line of describeTraffic("Real traffic again, with all of them held", held)) say(line);
  client.close();
  return {
    gateway: plan.gateway.name,
    lab: lab.id,
    translations: fill.delivered,
    kernelCount,
    requested: fill.connections,
    refused: fill.refused,
    subscribers: fill.subscribers,
    poolAddresses: source.addresses.length,
    poolAddressesUsed: fill.publicAddresses.length,
    fillSeconds: rounded(fill.seconds),
    rate: Math.round(fill.delivered / fill.seconds),
    method: fill.method,
    ...(entrySize === undefined ? {} : { entryBytes: kernelCount * entrySize }),
    ...(blocks === undefined ? {} : { blocks }),
    before,
    held,
    samples,
    leftOut: leftOut(limits.refused, silent, fill.insteadOfXdp),
    kept: options.keep === true,
    ok:
      fill.delivered >= fill.connections &&
      kernelCount >= fill.connections &&
      (blocks === undefined || (blocks.left === 0 && blocks.kept === fill.subscribers)),
  };
}

async function sample(
  lab: Lab,
  plan: Plan,
  client: LabClient,
  server: string,
  subscribers: ReturnType<typeof speakers>,
) {
  const setup = { client, plan, gateway: lab.topology.namespaces.gateway, server };
  // Other ones than those that made the traffic before: nothing of theirs is in the table yet.
  const shifted = spread(subscribers, TALKERS + SAMPLES + 1).slice(-SAMPLES);
  return await takeSamples(setup, shifted.length > 0 ? shifted : spread(subscribers, 1));
}

/** Room for the translations and for the traffic beside them; a bucket for each keeps chains at two entries. */
function wishesFor(connections: number): LimitWishes {
  const max = Math.ceil(connections * 1.02) + 10_000;
  return { "net.netfilter.nf_conntrack_max": max, "net.netfilter.nf_conntrack_buckets": connections };
}

function requireSource(plan: Plan): SourcePlan {
  const source = plan.sources.find((candidate) => countAddresses(candidate.subscribers) > 0);
  if (source === undefined) {
    throw new LabError(
      "demo-needs-source-nat",
      "the file translates no sources, so there is nothing to fill",
      "give it a source-nat rule, or use the example: `meganat demo` without a file",
    );
  }
  return source;
}

/** What was done without, in words. */
function leftOut(refused: readonly string[], silent: number, insteadOfXdp: string | undefined): string[] {
  const said = isUnprivileged() ? [...LEFT_OUT_UNPRIVILEGED] : [];
  if (!isUnprivileged() && refused.length > 0) {
    said.push(`limits not raised, because only the host's root may: ${refused.join(", ")}`);
  }
  if (!isUnprivileged() && insteadOfXdp !== undefined)
    said.push(`connections made by sockets, not eBPF: ${insteadOfXdp}`);
  if (silent > 0) {
    said.push(
      `${formatNoun(silent, "subscriber")} kept silent: the host's neighbour table (${NEIGHBOUR_LIMIT}) has no room for them`,
    );
  }
  return said;
}

function interrupted(): LabError {
  return new LabError(
    "interrupted",
    "the demo was interrupted; everything is cleaned up",
    "run it again when you like",
  );
}

function rounded(seconds: number): number {
  return Math.round(seconds * 100) / 100;
}
