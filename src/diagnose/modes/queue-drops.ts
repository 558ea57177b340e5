import { headersOf, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import type { Fix, Observation } from "../finding.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import { deltaOf, droppedFor, valueOf, type ShapedSignal, type Signals } from "../signals.ts";

/** A burst that does not fit is usual; TCP finds its speed that way. */
const NOTEWORTHY_PER_SECOND = 10;
const NOTEWORTHY_SHARE = 0.01;
/** These drop early, a packet here and there, so that senders slow down: more than that is too much even so. */
const EARLY_DROPPERS = /^(fq_codel|codel|cake|fq_pie|pie|red|choke|sfb|dualpi2|gred)$/;
const TOO_MUCH_EVEN_SO = 0.05;
/** These hold traffic back to a rate somebody wrote down. */
const SHAPERS = /^(tbf|htb|hfsc|cake|cbs|etf)$/;

/** Held to a rate of the gateway file at the same time: then it is not one that wants too much, but the line that is full. */
const MANY = 10;
const ROWS = 5;

/** The queues of an interface, taken together: an inner one counts what the outer one counts. */
interface LinkQueues {
  readonly name: string;
  readonly kinds: readonly string[];
  readonly packets: number;
  readonly drops: number;
  readonly overlimits: number;
  /** Waiting now. */
  readonly length: number;
}

/** The queue in front of an interface drops packets: more come than it may send. */
export const mode: FailureMode = {
  id: "queue-drops",
  title: "An interface's queue drops packets",
  severity: "loss",
  why: "More packets are to leave by the interface than it, or the shaper on it, lets through; what does not fit in the queue is dropped, whosever it is.",
  needs: [],
  counters: ["interface."],
  examine: (signals) => {
    const found = linkQueues(signals).filter((queues) => isTooMuch(queues, signals.seconds));
    const all = found.reduce((sum, { drops }) => sum + drops, 0);
    return found.map((queues) => observe(signals, queues, all));
  },
};

function isTooMuch({ drops, packets, kinds }: LinkQueues, seconds: number): boolean {
  const share = drops / Math.max(1, drops + packets);
  const most = kinds.some((kind) => EARLY_DROPPERS.test(kind)) ? TOO_MUCH_EVEN_SO : NOTEWORTHY_SHARE;
  return drops >= NOTEWORTHY_PER_SECOND * seconds && share >= most;
}

function linkQueues(signals: Signals): LinkQueues[] {
  const byLink = new Map<string, LinkQueues>();
  for (const name of Object.keys(signals.counters)) {
    // An interface's name may have dots: queue.eth0.100.root.drops.
    const [, queue, link] = /^(queue\.(.+)\.[^.]+)\.drops$/.exec(name) ?? [];
    if (queue === undefined || link === undefined) continue;
    const delta = (field: string): number => deltaOf(signals, `${queue}.${field}`);
    const before = byLink.get(link);
    byLink.set(link, {
      name: link,
      kinds: [...(before?.kinds ?? []), signals.texts[queue] ?? "?"],
      packets: Math.max(before?.packets ?? 0, delta("packets")),
      drops: Math.max(before?.drops ?? 0, delta("drops")),
      overlimits: Math.max(before?.overlimits ?? 0, delta("overlimits")),
      length: Math.max(before?.length ?? 0, valueOf(signals, `${queue}.length`) ?? 0),
    });
  }
  return [...byLink.values()];
}

function observe(signals: Signals, queues: LinkQueues, all: number): Observation {
  const { name, kinds, packets, drops, overlimits, length } = queues;
  const headers = headersOf(signals, "queue").filter((header) => header.interface === name);
  const top = topOf("Dropped", headers);
  const ours = signals.shaped?.find((shaped) => shaped.interface === name);
  const held = (ours?.held ?? []).filter((one) => one.drops > 0).toSorted((a, b) => b.drops - a.drops);
  const shaper = kinds.find((kind) => SHAPERS.test(kind));
  const dropped = droppedFor(signals, "queue");
  return {
    subject: name,
    // One that sends more than its rate is what a rate is for.
    ...(held.length > 0 && held.length < MANY ? { severity: "note" as const } : {}),
    summary: `${kinds.join(" with ")} on ${name} drops ${formatRate(drops / signals.seconds)} packets, ${formatPercent(drops / Math.max(1, drops + packets))} of what is to leave${heldWords(held)}`,
    evidence: [
      { what: `dropped by the queue of ${name}`, value: formatCount(drops), meaning: kinds.join(", ") },
      { what: "sent meanwhile", value: formatCount(packets) },
      {
        what: "waiting at the end",
        value: formatCount(length),
        ...(overlimits > 0 ? { meaning: `had to wait for its rate ${formatCount(overlimits)} times` } : {}),
      },
    ],
    ...(held.length > 0
      ? {
          top: {
            title: "Who is held to its rate",
            rows: held.slice(0, ROWS).map((one) => `${one.address}: ${formatCount(one.drops)} packets dropped`),
          },
        }
      : top === undefined
        ? {}
        : { top }),
    lostPackets: drops,
    explains: all === 0 ? [] : [{ cause: "queue", packets: Math.round((dropped * drops) / all) }],
    fixes:
      ours !== undefined
        ? [inTheFile(name, held)]
        : shaper === undefined
          ? [fair(name)]
          : [faster(name, shaper), fair(name)],
  };
}

function heldWords(held: ShapedSignal["held"]): string {
  const [worst] = held;
  if (worst === undefined) return "";
  const others = held.length === 1 ? "" : ` and ${formatCount(held.length - 1)} more`;
  return `: ${worst.address}${others} held to the rate in the gateway file`;
}

/** The queue is one that the gateway file's limits have made. */
function inTheFile(name: string, held: ShapedSignal["held"]): Fix {
  const one = held.length > 0 && held.length < MANY;
  return {
    text: one
      ? "If the rate is as it should be, nothing is wrong; else raise it in `limits` of the gateway file"
      : "If the line can do more, raise `line` in `limits` of the gateway file; if not, it is full, and is shared out fairly",
    commands: ["meganat status", `tc -s class show dev ${name}`],
    file: one ? "limits:\n  per-subscriber: { up: RATE, down: RATE }" : "limits:\n  line: { up: RATE, down: RATE }",
    effect: "packets leave as fast as the new rate allows; `meganat apply` changes only the classes that differ",
    risk: "above the line's own rate the queue forms elsewhere, where nobody counts it",
  };
}

function faster(name: string, shaper: string): Fix {
  return {
    text: `Compare the rate that ${shaper} is set to with what the line can do, and raise it`,
    commands: [`tc -s qdisc show dev ${name}`, `tc -s class show dev ${name}`],
    effect: "packets leave as fast as the line allows",
    risk: "above the line's own rate the queue forms elsewhere, where nobody counts it",
  };
}

function fair(name: string): Fix {
  return {
    text: "If the line is really full: share it fairly, so that one flow's burst does not cost all others",
    commands: [
      `tc qdisc replace dev ${name} root fq_codel    # in place of pfifo, or below the shaper's class`,
      `ip link set dev ${name} txqueuelen 1000        # a plain queue takes its length from this`,
    ],
    effect: "short queues, and mostly those are dropped who send too fast",
    risk: "replacing the root queue takes classes and rates below it away",
  };
}
