import { perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatPercent, formatRate } from "../figures.ts";
import type { Evidence, Fix, Observation } from "../finding.ts";
import { droppingRules } from "../rule-drops.ts";
import { deltaOf, settingOf, type LeakSignal, type Signals } from "../signals.ts";

const LIBERAL = "net.netfilter.nf_conntrack_tcp_be_liberal";
/** Late resets of connections that have ended are a few a second on a busy gateway. */
const TOO_MANY_PER_SECOND = 5;
/** Of the INVALID packets looked at: those of connections that are in the table. */
const OF_LIVE_CONNECTIONS = 0.5;

/** Packets that connection tracking calls INVALID leave untranslated, or die although their connection lives. */
export const mode: FailureMode = {
  id: "invalid-leak",
  title: "INVALID packets leave untranslated, or are dropped from live connections",
  severity: "degraded",
  why: "NAT does not touch a packet that fits no connection: unless a rule drops it, it leaves with its private source, is answered by nobody, and the connection it should have ended hangs; where a rule drops it but the connection lives, that connection stalls.",
  needs: ["rules"],
  counters: ["conntrack.invalid"],
  consequences: ["rule-drop"],
  examine: (signals) => [...leaking(signals), ...stalling(signals)],
};

function common(signals: Signals): Evidence[] {
  return [
    {
      what: "INVALID packets (invalid of conntrack -S)",
      value: `+${formatCount(deltaOf(signals, "conntrack.invalid"))}`,
      meaning: formatRate(perSecond(signals, deltaOf(signals, "conntrack.invalid"))),
    },
    {
      what: LIBERAL,
      value: String(settingOf(signals, LIBERAL) ?? "?"),
      meaning: "1: TCP outside of the window is let pass",
    },
  ];
}

function leaking(signals: Signals): Observation[] {
  const { leak } = signals;
  if (leak === undefined || leak.packets / leak.seconds < TOO_MANY_PER_SECOND) return [];
  const flags = commonestFlags(leak);
  const top = topOf("What leaves", leak.headers);
  return [
    {
      subject: leak.interface,
      summary: `${formatCount(leak.packets)} packets with private sources left ${leak.interface} untranslated in ${leak.seconds.toFixed(1)} s${flags === "" ? "" : `, most of them TCP ${flags}`}; no rule drops INVALID packets`,
      evidence: [
        {
          what: `packets with a private source leaving ${leak.interface}`,
          value: formatCount(leak.packets),
          meaning: `in ${leak.seconds.toFixed(1)} s; connection tracking knows no connection of theirs`,
        },
        ...common(signals),
        { what: "rules that drop INVALID packets on this way", value: "none" },
      ],
      ...(top === undefined ? {} : { top }),
      fixes: [dropThem(leak.interface)],
    },
  ];
}

function commonestFlags({ headers }: LeakSignal): string {
  const counts = new Map<string, number>();
  for (const { tcpFlags } of headers) {
    const name = (tcpFlags ?? []).join(", ");
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return [...counts].toSorted(([, a], [, b]) => b - a)[0]?.[0] ?? "";
}

function dropThem(name: string): Fix {
  return {
    text: "Drop INVALID packets before they are forwarded (a gateway of MegaNAT does so by itself)",
    commands: [
      "nft add table ip drop-invalid",
      "nft 'add chain ip drop-invalid forward { type filter hook forward priority filter; }'",
      `nft add rule ip drop-invalid forward oifname "${name}" ct state invalid counter drop`,
    ],
    effect: "no private address leaves; hosts behind see a lost packet in place of a connection that hangs",
    risk: "where answers take another way than the questions, INVALID packets are honest ones: see asymmetric paths first, or set nf_conntrack_tcp_be_liberal to 1",
  };
}

/** A rule about INVALID packets drops packets of connections that are in the table: outside of TCP's window. */
function stalling(signals: Signals): Observation[] {
  if (settingOf(signals, LIBERAL) === 1) return [];
  return droppingRules(signals).flatMap((rule) => {
    if (rule.rule === undefined || !/\binvalid\b/i.test(rule.text) || rule.headers.length === 0) return [];
    const live = rule.headers.filter(({ translation, protocol }) => translation !== undefined && protocol === 6);
    const share = live.length / rule.headers.length;
    const packets = Math.round(rule.packets * share);
    if (share < OF_LIVE_CONNECTIONS || perSecond(signals, packets) < TOO_MANY_PER_SECOND) return [];
    const top = topOf("Whose packets", live);
    return [
      {
        subject: "live-connections",
        severity: "loss" as const,
        summary: `${formatCount(packets)} packets of live TCP connections dropped as INVALID in ${signals.seconds.toFixed(1)} s by ${rule.place}: they are outside of the window that connection tracking expects`,
        evidence: [
          { what: rule.place, value: rule.text },
          {
            what: "of connections in the table",
            value: formatPercent(share),
            meaning: `of ${formatCount(rule.headers.length)} packets looked at`,
          },
          ...common(signals),
        ],
        ...(top === undefined ? {} : { top }),
        lostPackets: packets,
        explains: [{ cause: rule.chain.program.endsWith("legacy") ? "hook" : "rule", packets }],
        fixes: [beLiberal()],
      },
    ];
  });
}

function beLiberal(): Fix {
  return {
    text: "Let TCP packets outside of the window pass (only resets are still checked), and write it into a file of /etc/sysctl.d",
    commands: [`sysctl -w ${LIBERAL}=1`],
    effect: "the connections go on; they stay translated",
    risk: "somebody who knows addresses and ports of a connection can pass forged packets through to its ends, which check sequence numbers themselves",
    safe: [{ kind: "sysctl", name: LIBERAL, value: "1" }],
  };
}
