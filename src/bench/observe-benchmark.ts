import { countAddresses } from "../address/ipv4-range.ts";
import { readGateway } from "../config/read-gateway.ts";
import { readConntrackCount } from "../kernel/conntrack/statistics.ts";
import { runMeasured } from "../kernel/measured-program.ts";
import { readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import { applyInLab } from "../lab/apply-in-lab.ts";
import { firstAddresses, neighbourRoom, speakers } from "../lab/demo/demo-ends.ts";
import { fillGateway } from "../lab/demo/fill.ts";
import { bringUpLab } from "../lab/lab.ts";
import { median } from "./median.ts";

/** The arms, in the order in which they take turns. */
const ARMS = ["conntrack", "summary", "list"] as const;
type Arm = (typeof ARMS)[number];

/** What to measure. */
export interface ObserveBenchmarkOptions {
  /** Connections to fill the table with. */
  readonly entries: number;
  /** How often each arm has its turn. */
  readonly runs: number;
  /** The command line of meganat itself, without arguments. */
  readonly meganat: readonly [string, ...string[]];
  readonly onStep?: (step: string) => void;
  readonly signal?: AbortSignal;
}

/** Reading the table by meganat and by conntrack. */
export interface ObserveMeasurement {
  /** Connections in the table when it was read. */
  readonly entries: number;
  /** Medians of meganat over the median of `conntrack -L`. */
  readonly ratios: { readonly summaryVsConntrack: number; readonly listVsConntrack: number };
  /** The most memory that a meganat process took. */
  readonly rssBytes: number;
  /** Medians. */
  readonly seconds: Readonly<Record<Arm, number>>;
  readonly runs: Readonly<Record<Arm, readonly number[]>>;
}

const GATEWAY = `version: 1
name: bench
links:
  wan: { addresses: [61.138.177.2/27], gateway: 61.138.177.1 }
  lan: { addresses: [10.64.0.1/18] }
pools:
  public: { addresses: 61.138.177.3-61.138.177.30 }
source-nat:
  - { name: all, from: 10.64.1.0-10.64.32.255, out: wan, to: public }
`;
/** Longer than any benchmark: no entry may end while it is measured. */
const UDP_SECONDS = "86400";
const NEIGHBOURS = "net.ipv4.neigh.default.gc_thresh3";

/**
 * Fills the table of a gateway in a lab and reads it in turn by `conntrack -L`, `meganat flows --by subscriber` and
 * `meganat flows -o extended`, each as a whole program with its output to /dev/null.
 */
export async function benchmarkObserve(options: ObserveBenchmarkOptions): Promise<ObserveMeasurement> {
  const { entries, runs, meganat, onStep = () => undefined, signal } = options;
  const reading = readGateway(GATEWAY);
  if ("problems" in reading) throw new Error(reading.problems[0]?.message);
  const lab = await bringUpLab(reading.gateway, { life: "process" });
  try {
    const namespace = lab.topology.namespaces.gateway;
    const { plan } = applyInLab(lab, {
      "net.netfilter.nf_conntrack_max": Math.ceil(entries * 1.02) + 10_000,
      "net.netfilter.nf_conntrack_buckets": entries,
      [NEIGHBOURS]: 20_000,
    });
    for (const name of ["udp_timeout", "udp_timeout_stream"]) {
      writeSysctl(namespace, `net.netfilter.nf_conntrack_${name}`, UDP_SECONDS);
    }
    const all = speakers(plan.sources[0]?.subscribers ?? [], lab.topology);
    const room = neighbourRoom(readSysctl(undefined, NEIGHBOURS), countAddresses(all));
    onStep(`filling ${entries.toLocaleString("en")} connections`);
    await fillGateway(lab.topology, firstAddresses(all, room), "wan", entries, signal === undefined ? {} : { signal });
    const flows = [...meganat, "--netns", namespace, "flows"];
    const commands: Readonly<Record<Arm, readonly string[]>> = {
      conntrack: ["conntrack", "-L"],
      summary: [...flows, "--by", "subscriber"],
      list: [...flows, "-o", "extended"],
    };
    const taken: Record<Arm, number[]> = { conntrack: [], summary: [], list: [] };
    let rssBytes = 0;
    for (let run = 1; run <= runs; run++) {
      for (const arm of ARMS) {
        signal?.throwIfAborted();
        onStep(`run ${run} of ${runs}: ${arm}`);
        const { seconds, peakBytes } = await runMeasured(namespace, commands[arm]);
        taken[arm].push(seconds);
        if (arm !== "conntrack") rssBytes = Math.max(rssBytes, peakBytes);
      }
    }
    const seconds = {
      conntrack: median(taken.conntrack),
      summary: median(taken.summary),
      list: median(taken.list),
    };
    return {
      entries: readConntrackCount(namespace),
      ratios: {
        summaryVsConntrack: seconds.summary / seconds.conntrack,
        listVsConntrack: seconds.list / seconds.conntrack,
      },
      rssBytes,
      seconds,
      runs: taken,
    };
  } finally {
    await lab.close();
  }
}
