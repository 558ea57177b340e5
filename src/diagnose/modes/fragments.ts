import { dropsBy, headersOf, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatPercent, formatRate, formatSeconds } from "../figures.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { deltaOf, settingOf, valueOf, type Signals } from "../signals.ts";

const CAUSE = "fragment";
const HIGH = "net.ipv4.ipfrag_high_thresh";
const TIME = "net.ipv4.ipfrag_time";
const DISTANCE = "net.ipv4.ipfrag_max_dist";
/** Some packets of every network lose a fragment. */
const TOO_MANY_PER_SECOND = 5;
/** Of the fragments that came. */
const TOO_LARGE_A_SHARE = 0.02;
/** The kernel refuses new packets at the limit, and throws none out. */
const AT_THE_LIMIT = 0.9;
const LEAST_MEMORY = 16 * 2 ** 20;
/** More than this is no shortage, but an attack. */
const MOST_MEMORY = 128 * 2 ** 20;

/** Fragments that cannot be put together: no memory for them, or the rest never comes. */
export const mode: FailureMode = {
  id: "fragments",
  title: "Fragmented packets are lost",
  severity: "loss",
  why: "Connection tracking puts every packet together before it translates it; a packet whose fragments do not all arrive, or find no memory, is lost as a whole.",
  needs: [],
  counters: ["Ip.ReasmFails", "Ip.ReasmReqds"],
  examine: (signals) => {
    const failed = deltaOf(signals, "Ip.ReasmFails");
    const came = Math.max(deltaOf(signals, "Ip.ReasmReqds"), failed);
    if (perSecond(signals, failed) < TOO_MANY_PER_SECOND || failed < came * TOO_LARGE_A_SHARE) return [];
    const late = Math.min(failed, deltaOf(signals, "Ip.ReasmTimeout"));
    const tooFar = droppedAs(signals, "FRAG_TOO_FAR");
    const noRoom = isFull(signals) ? failed - late - tooFar : 0;
    const matters = (packets: number): boolean => perSecond(signals, packets) >= TOO_MANY_PER_SECOND;
    const found: Observation[] = [];
    if (matters(noRoom)) found.push(memory(signals, noRoom));
    if (matters(tooFar)) found.push(distance(signals, tooFar));
    if (matters(late)) found.push(incomplete(signals, late));
    return found;
  },
};

function droppedAs(signals: Signals, reason: string): number {
  return dropsBy(signals, [CAUSE], (row) => row.reason).find(({ key }) => key === reason)?.packets ?? 0;
}

function isFull(signals: Signals): boolean {
  const used = valueOf(signals, "fragment.bytes");
  const most = valueOf(signals, "fragment.maxBytes") ?? settingOf(signals, HIGH);
  return used !== undefined && most !== undefined && used >= most * AT_THE_LIMIT;
}

function common(
  signals: Signals,
  subject: string,
  packets: number,
): Pick<Observation, "subject" | "top" | "lostPackets" | "explains"> {
  const isLate = subject === "incomplete";
  const headers = headersOf(signals, CAUSE).filter(({ reason }) => (reason === "FRAG_REASM_TIMEOUT") === isLate);
  const top = topOf("Whose fragments", headers);
  return {
    subject,
    ...(top === undefined ? {} : { top }),
    lostPackets: packets,
    explains: [{ cause: CAUSE, packets: explained(signals, isLate) }],
  };
}

/** A packet given up in the end is dropped with all of its fragments that came. */
function explained(signals: Signals, isLate: boolean): number {
  return dropsBy(signals, [CAUSE], ({ reason }) => String(reason === "FRAG_REASM_TIMEOUT")).reduce(
    (sum, { key, packets }) => sum + (key === String(isLate) ? packets : 0),
    0,
  );
}

function counted(signals: Signals, what: string, packets: number): Evidence[] {
  return [
    { what, value: formatCount(packets), meaning: formatRate(perSecond(signals, packets)) },
    { what: "Ip.ReasmFails", value: `+${formatCount(deltaOf(signals, "Ip.ReasmFails"))}` },
    { what: "fragments that came (Ip.ReasmReqds)", value: `+${formatCount(deltaOf(signals, "Ip.ReasmReqds"))}` },
  ];
}

function memory(signals: Signals, packets: number): Observation {
  const used = valueOf(signals, "fragment.bytes") ?? 0;
  const most = valueOf(signals, "fragment.maxBytes") ?? settingOf(signals, HIGH) ?? 0;
  return {
    ...common(signals, "memory", packets),
    summary: `no memory for ${formatCount(packets)} fragments in ${signals.seconds.toFixed(1)} s: ${formatCount(used)} of ${formatCount(most)} bytes hold fragments that wait for the rest`,
    evidence: [
      ...counted(signals, "fragments dropped for want of memory", packets),
      {
        what: "memory of fragments",
        value: `${formatCount(used)} bytes`,
        meaning: `${formatPercent(most === 0 ? 1 : used / most)} of ${HIGH}`,
      },
      { what: "packets that wait for the rest", value: formatCount(valueOf(signals, "fragment.packets") ?? 0) },
      { what: TIME, value: formatSeconds(settingOf(signals, TIME) ?? 0), meaning: "as long each of them waits" },
    ],
    fixes: [most >= MOST_MEMORY ? waitLess(signals) : raise(most)],
  };
}

function raise(most: number): Fix {
  const value = String(Math.min(MOST_MEMORY, Math.max(LEAST_MEMORY, most * 4)));
  return {
    text: "Give fragments more memory",
    commands: [`sysctl -w ${HIGH}=${value}`],
    effect: "more packets may wait for their fragments at a time",
    risk: `up to ${Number(value) / 2 ** 20} MiB of memory, in each network namespace, that anybody who sends fragments can fill`,
    safe: [{ kind: "sysctl", name: HIGH, value }],
  };
}

function waitLess(signals: Signals): Fix {
  const value = String(Math.max(1, Math.min(5, Math.floor((settingOf(signals, TIME) ?? 30) / 2))));
  return {
    text: "The memory is large enough for honest traffic: somebody sends fragments without the rest. Let them wait less, and find the sender below",
    commands: [`sysctl -w ${TIME}=${value}`],
    effect: "memory is free sooner",
    risk: "packets with a fragment that is later than that are lost",
    safe: [{ kind: "sysctl", name: TIME, value }],
  };
}

function distance(signals: Signals, packets: number): Observation {
  const now = settingOf(signals, DISTANCE);
  return {
    ...common(signals, "reordered", packets),
    summary: `${formatCount(packets)} fragments dropped in ${signals.seconds.toFixed(1)} s because their sender sent more than ${now ?? 64} others meanwhile`,
    evidence: [
      ...counted(signals, "fragments given up (reason FRAG_TOO_FAR)", packets),
      { what: DISTANCE, value: String(now ?? "?") },
    ],
    fixes: [
      {
        text: "Do not count how many fragments of a source come in between",
        commands: [`sysctl -w ${DISTANCE}=0`],
        effect: "fragments that come out of order are put together",
        risk: "a fragment of an old packet may be put to a new one, if the sender has used all 65,536 identifications within ipfrag_time",
        safe: [{ kind: "sysctl", name: DISTANCE, value: "0" }],
      },
    ],
  };
}

function incomplete(signals: Signals, packets: number): Observation {
  const time = settingOf(signals, TIME);
  return {
    ...common(signals, "incomplete", packets),
    summary: `${formatCount(packets)} packets given up in ${signals.seconds.toFixed(1)} s: not all of their fragments came`,
    evidence: [
      ...counted(signals, "packets given up (Ip.ReasmTimeout, reason FRAG_REASM_TIMEOUT)", packets),
      { what: TIME, value: time === undefined ? "?" : formatSeconds(time), meaning: "as long each waited" },
    ],
    fixes: [
      {
        text: "Find where the other fragments get lost: a firewall on the way that passes only first fragments, a link that loses packets, or two paths of which only one leads here",
        commands: [
          "tcpdump -ni any 'ip[6:2] & 0x3fff != 0'",
          "ping -M do -s 1400 SENDER   # on the way back: does the path take large packets?",
        ],
        effect: "packets arrive whole",
        risk: "none",
      },
      {
        text: "Or let the sender send smaller packets: a smaller MTU of its tunnel, a smaller EDNS buffer of its DNS server (1232)",
        effect: "there are no fragments",
        risk: "none",
      },
    ],
  };
}
