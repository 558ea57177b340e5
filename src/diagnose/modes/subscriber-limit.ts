import { listText } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { droppedFor, type RefusalSignal, type Signals } from "../signals.ts";
import {
  amountWords,
  limitOfSubscriber,
  placeInFile,
  raisedInFile,
  type SubscriberLimit,
} from "../subscriber-limits.ts";

/** One that takes too much is what a limit is for; it is no longer one when so many come to it at the same time. */
const MANY = 10;
const ROWS = 5;
const NAMED = 3;

/** Subscribers that were refused by the same limit. */
interface Refused {
  readonly limit?: SubscriberLimit;
  /** The most refused first. */
  readonly subscribers: readonly RefusalSignal[];
  readonly packets: number;
}

/** The gateway file's limits refuse connections of subscribers. */
export const mode: FailureMode = {
  id: "subscriber-limit",
  title: "Subscribers have come to their own limit",
  severity: "note",
  why: "A limit of the gateway file refuses what is beyond it, so that one subscriber does not take what is everybody's; its programs report `No route to host`, and who does not know of the limit looks for a fault.",
  needs: ["rules", "refusals"],
  examine: (signals) => {
    const found = refusedBy(signals);
    const all = found.reduce((sum, { packets }) => sum + packets, 0);
    return found.map((refused) => observe(signals, refused, all));
  },
};

function refusedBy({ refusals = [], rules }: Signals): Refused[] {
  const groups = new Map<string, { limit?: SubscriberLimit; subscribers: RefusalSignal[] }>();
  for (const refusal of refusals.filter(({ packets }) => packets > 0)) {
    const limit = rules && limitOfSubscriber(rules, refusal.address, refusal.limit);
    const key = `${refusal.limit} ${limit === undefined ? "?" : (limit.group ?? "")}`;
    const group = groups.get(key) ?? { ...(limit && { limit }), subscribers: [] };
    group.subscribers.push(refusal);
    groups.set(key, group);
  }
  return [...groups.values()]
    .map(({ limit, subscribers }) => ({
      ...(limit && { limit }),
      subscribers: subscribers.toSorted((a, b) => b.packets - a.packets),
      packets: subscribers.reduce((sum, { packets }) => sum + packets, 0),
    }))
    .toSorted((a, b) => b.packets - a.packets);
}

function observe(signals: Signals, { limit, subscribers, packets }: Refused, all: number): Observation {
  const [worst] = subscribers;
  if (worst === undefined) throw new TypeError("a limit that refused nobody");
  const count = subscribers.length;
  const isMany = count >= MANY;
  const place = limit === undefined ? "a limit of the gateway file" : placeInFile(limit);
  const kind = worst.limit;
  const evidence: Evidence[] = [
    {
      what: place,
      value: limit === undefined ? "?" : amountWords(limit),
      meaning:
        limit === undefined
          ? "which of them cannot be told: its members are too many to be read"
          : "for each subscriber",
    },
    {
      what: `refused by set refused_${kind} of table ip meganat`,
      value: `${formatCount(packets)} packets`,
      meaning: `${formatRate(packets / signals.seconds)}, answered with ICMP administratively prohibited`,
    },
    {
      what: "subscribers refused",
      value: formatCount(count),
      ...(isMany ? { meaning: "so many at once: the limit may be too low for what they do" } : {}),
    },
  ];
  // Each refused packet dies in the rule that answers it.
  const explained = Math.min(packets, Math.round((droppedFor(signals, "rule") * packets) / all));
  return {
    subject: limit === undefined ? kind : place,
    severity: isMany ? "degraded" : "note",
    summary: `${whoWords(subscribers)} ${doWords(kind, limit, count)} (${place}): ${formatCount(packets)} packets of new ones refused in ${signals.seconds.toFixed(1)} s`,
    evidence,
    top: {
      title: "Who was refused",
      rows: subscribers
        .slice(0, ROWS)
        .map((one) => `${one.address}: ${formatCount(one.packets)} packets now, ${formatCount(one.total)} in all`),
    },
    explains: [{ cause: "rule", packets: explained }],
    fixes: isMany ? [...raise(limit), look(worst)] : [look(worst), ...raise(limit, worst.address)],
  };
}

function whoWords(subscribers: readonly RefusalSignal[]): string {
  const names = subscribers.slice(0, NAMED).map(({ address }) => address);
  const others = subscribers.length - names.length;
  return others === 0 ? listText(names) : `${names.join(", ")} and ${formatCount(others)} others`;
}

function doWords(kind: RefusalSignal["limit"], limit: SubscriberLimit | undefined, count: number): string {
  const [have, begin, its] = count === 1 ? ["has", "begins", "its"] : ["have", "begin", "their"];
  const amount = limit === undefined ? "" : formatCount(limit.amount);
  if (kind === "connections") return `${have} used up ${its} ${amount === "" ? "" : `${amount} `}connections`;
  return `${begin} connections faster than ${its} ${amount === "" ? "limit" : `${amount} a second`}`;
}

function look({ address }: RefusalSignal): Fix {
  return {
    text: `See what ${address} does: many destinations at once are a scan, an infected host or a file-sharing program`,
    commands: [`meganat flows --subscriber ${address} --by destination`, `meganat explain ${address}`],
    effect: "you know whether the limit does what it is for: then there is nothing to put right at the gateway",
    risk: "none",
  };
}

/** For all who are under it, or for the one alone; not out of a group, for nobody is in two. */
function raise(limit: SubscriberLimit | undefined, one?: string): Fix[] {
  if (limit === undefined) return [];
  const subscriber = limit.group === undefined ? one : undefined;
  const what = limit.limit === "connections" ? "connections" : "new connections";
  return [
    {
      text:
        subscriber === undefined
          ? `If more is needed: raise ${placeInFile(limit)}`
          : `If it needs more: give it a group of its own, or raise ${placeInFile(limit)} for all`,
      file: raisedInFile(limit, subscriber),
      effect: `twice as many ${what}; established ones go on undisturbed`,
      risk: "each takes an entry of the connection table: `meganat plan` says what the limits come to",
    },
  ];
}
