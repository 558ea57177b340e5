import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Fix, Observation, Severity } from "../finding.ts";
import { formatCount } from "../figures.ts";
import type { FlowSignal } from "../signals/table.ts";
import { valueOf, type Signals } from "../signals.ts";

/** A protocol that announces further connections inside of its packets. */
interface Announcer {
  /** As in the module's name. */
  readonly helper: string;
  /** The kernel's name of the helper, where it is another. */
  readonly type?: string;
  readonly protocol: "tcp" | "udp";
  readonly number: 6 | 17;
  readonly port: number;
  readonly name: string;
  /** What fails without. */
  readonly fails: string;
}

const ANNOUNCERS: readonly Announcer[] = [
  {
    helper: "ftp",
    protocol: "tcp",
    number: 6,
    port: 21,
    name: "FTP",
    fails: "active transfers of clients behind NAT, and passive ones from servers behind a port forward",
  },
  {
    helper: "tftp",
    protocol: "udp",
    number: 17,
    port: 69,
    name: "TFTP",
    fails: "every transfer: the server answers from another port, which nobody expects",
  },
  {
    helper: "pptp",
    protocol: "tcp",
    number: 6,
    port: 1723,
    name: "PPTP",
    fails: "the tunnel (GRE), from the second client of one server on",
  },
  {
    helper: "sip",
    protocol: "udp",
    number: 17,
    port: 5060,
    name: "SIP",
    fails: "voice, of phones that know nothing of NAT",
  },
  {
    helper: "sip",
    protocol: "tcp",
    number: 6,
    port: 5060,
    name: "SIP",
    fails: "voice, of phones that know nothing of NAT",
  },
  { helper: "h323", type: "Q.931", protocol: "tcp", number: 6, port: 1720, name: "H.323", fails: "voice and video" },
  {
    helper: "irc",
    protocol: "tcp",
    number: 6,
    port: 6667,
    name: "IRC",
    fails: "files sent from one user to another (DCC)",
  },
];

const GRE = 47;
const ROWS = 5;
/** That something may fail is only worth a word if more than a few connections in a thousand are of the protocol. */
const FEWEST = 3;
const SMALLEST_SHARE = 0.002;

/** FTP, TFTP, PPTP, SIP through NAT, and no helper that would read what they announce. */
export const mode: FailureMode = {
  id: "helper-missing",
  title: "A protocol that needs a helper has none",
  severity: "note",
  why: "Some protocols write addresses and ports into their packets for further connections; unless a helper of connection tracking reads and translates them these connections are neither expected nor let through, and since Linux 6 no helper is assigned by itself.",
  needs: ["table"],
  examine: (signals) => ANNOUNCERS.flatMap((announcer) => examineProtocol(signals, announcer)),
};

function examineProtocol(signals: Signals, announcer: Announcer): Observation[] {
  const { table } = signals;
  const key = `${announcer.protocol}/${announcer.port}`;
  const count = table?.helperPorts.find((group) => group.key === key)?.count ?? 0;
  const flows = (table?.withoutHelper ?? []).filter(
    ({ protocol, original }) => protocol === announcer.number && original.destinationPort === announcer.port,
  );
  const failure = failureOf(signals, announcer, flows);
  // Requests that nobody answered at all need no helper.
  if (count === 0 || (announcer.helper === "tftp" && failure === undefined)) return [];
  // Among many connections some go to such a port and speak something else.
  if (failure === undefined && (count < FEWEST || count < (table?.entries ?? 0) * SMALLEST_SHARE)) return [];
  const evidence: Evidence[] = [
    { what: `translated ${announcer.name} connections without a helper`, value: formatCount(count), meaning: key },
    ...(failure?.evidence ?? []),
    {
      what: "connections that helpers expect",
      value: formatCount(valueOf(signals, "expectation.count") ?? 0),
    },
  ];
  const severity: Severity = failure === undefined ? "note" : "degraded";
  return [
    {
      subject: announcer.name,
      severity,
      summary: `${formatCount(count)} ${announcer.name} connections without a helper: ${failure?.words ?? `may fail: ${announcer.fails}`}`,
      evidence,
      ...(flows.length === 0 ? {} : { top: { title: "Some of them", rows: flows.slice(0, ROWS).map(flowText) } }),
      fixes: [assign(announcer)],
    },
  ];
}

interface Failure {
  readonly words: string;
  readonly evidence: readonly Evidence[];
}

/** What proves that something fails, and not only may. */
function failureOf(signals: Signals, { helper }: Announcer, flows: readonly FlowSignal[]): Failure | undefined {
  if (helper === "tftp") return unexpectedAnswers(signals, flows);
  if (helper === "ftp") {
    const forwarded = flows.filter(({ status }) => status.includes("dnat"));
    if (forwarded.length === 0) return undefined;
    const servers = [...new Set(forwarded.map(({ reply }) => reply.source))];
    return {
      words: `clients of ${servers.slice(0, ROWS).join(", ")} are told its inside address`,
      evidence: [
        {
          what: "of them to servers behind a port forward",
          value: `${forwarded.length} of ${flows.length} looked at`,
          meaning: "passive transfers, the usual ones, cannot work",
        },
      ],
    };
  }
  if (helper === "pptp") {
    const silent = (signals.table?.states ?? []).reduce(
      (sum, { protocol, unreplied }) => sum + (protocol === GRE ? unreplied : 0),
      0,
    );
    if (silent === 0) return undefined;
    return {
      words: `${formatCount(silent)} tunnels get no answer`,
      evidence: [{ what: "GRE connections without an answer", value: formatCount(silent) }],
    };
  }
  return undefined;
}

/** Packets from a TFTP server to the address its client was translated to, which were dropped. */
function unexpectedAnswers(signals: Signals, flows: readonly FlowSignal[]): Failure | undefined {
  const asked = new Set(flows.map(({ original, reply }) => `${original.destination} ${reply.destination}`));
  const answers = (signals.drops?.headers ?? []).filter(
    ({ protocol, source, destination }) => protocol === 17 && asked.has(`${source} ${destination}`),
  );
  if (answers.length === 0) return undefined;
  const [first] = answers;
  return {
    words: `the answers are dropped, as those of ${first?.source}`,
    evidence: [
      {
        what: "packets of these servers to the translated addresses, dropped",
        value: `${answers.length} of ${signals.drops?.headers.length} sampled`,
        meaning: `as from ${first?.source}:${first?.sourcePort} to ${first?.destination}:${first?.destinationPort} (${first?.cause})`,
      },
    ],
  };
}

function flowText({ original, reply }: FlowSignal): string {
  return `${original.source}:${original.sourcePort} > ${original.destination}:${original.destinationPort}, answers ${reply.source} > ${reply.destination}:${reply.destinationPort}`;
}

function assign({ helper, type = helper, protocol, port, name }: Announcer): Fix {
  const definition = `ct helper ${helper} { type "${type}" protocol ${protocol}; }`;
  return {
    text: `Assign the helper to ${name} connections`,
    commands: [
      `modprobe nf_nat_${helper}`,
      `nft 'table ip helpers { ${definition}; chain prerouting { type filter hook prerouting priority filter; ${protocol} dport ${port} ct helper set "${helper}"; }; }'`,
    ],
    effect: "new connections get it; what they announce is translated, and let through as `ct state related`",
    risk: "a client may have ports opened towards itself by what it announces: assign it only where the protocol is used, and best for known servers",
  };
}
