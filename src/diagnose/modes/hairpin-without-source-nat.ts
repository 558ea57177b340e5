import type { FailureMode } from "../failure-mode.ts";
import type { Fix } from "../finding.ts";
import { formatCount } from "../figures.ts";
import { flowWords, protocolWord } from "../flow-words.ts";
import { lookUpRoute } from "../look-up-route.ts";
import { settingOf, type Signals } from "../signals.ts";
import type { FlowSignal } from "../signals/table.ts";

const TCP = 6;
const UDP = 17;
/** An answer that has not come after so many seconds does not come through here. */
const WAITED = 1;

/** Inside hosts call an inside server by its public address, and its answers do not come back this way. */
export const mode: FailureMode = {
  id: "hairpin-without-source-nat",
  title: "Inside hosts cannot reach an inside server by its public address",
  severity: "degraded",
  why: "The forward changes only the destination: the server sees its neighbour's own address and answers it directly, past this host, from an address that the neighbour never called.",
  needs: ["table"],
  examine: (signals) => {
    const flows = (signals.table?.unansweredForwards ?? []).filter((flow) => turnsRound(flow, signals));
    const first = flows[0];
    if (first === undefined) return [];
    const name = wayTo(signals, first.original.source)?.interface ?? "";
    // This host wants to tell the caller of the straight way (ICMP redirect); NAT must drop that, and does.
    const redirects = (signals.drops?.rows ?? []).reduce(
      (sum, { cause, protocol, packets }) => sum + (cause === "hook" && protocol.endsWith("ICMP") ? packets : 0),
      0,
    );
    const listen = `${first.original.destination}:${first.original.destinationPort}`;
    const to = `${first.reply.source}:${first.reply.sourcePort}`;
    return [
      {
        subject: listen,
        summary: `${first.original.source} and ${first.reply.source} are both behind ${name}: what is forwarded from ${listen} to ${to} is not answered`,
        evidence: [
          {
            what: "forwarded connections without an answer whose both ends are on one side",
            value: `${formatCount(flows.length)}${flows.length === signals.table?.unansweredForwards.length ? "" : ` of ${formatCount(signals.table?.unansweredForwards.length ?? 0)} looked at`}`,
            meaning: "destination translated, source not",
          },
          { what: "caller", value: first.original.source, meaning: `reached by ${name}` },
          {
            what: "server",
            value: first.reply.source,
            meaning: `reached by ${name} too: it does not need this host to answer`,
          },
        ],
        top: { title: "Some of them", rows: flows.slice(0, 5).map(flowWords) },
        ...(redirects === 0 ? {} : { explains: [{ cause: "hook", packets: redirects }] }),
        fixes: [masquerade(name, `${listen}/${protocolWord(first.protocol)}`, to, signals), splitNames(first)],
      },
    ];
  },
};

function turnsRound(flow: FlowSignal, signals: Signals): boolean {
  const { protocol, original, reply, status } = flow;
  if (flow.family !== 4 || (protocol !== TCP && protocol !== UDP) || status.includes("seen-reply")) return false;
  if (waited(flow, signals) < WAITED) return false;
  const [caller, server] = [wayTo(signals, original.source), wayTo(signals, reply.source)];
  if (caller?.interface === undefined || server?.interface === undefined) return false;
  if (bridgeShowsAnswers(signals, caller.interface)) return false;
  // Behind the same router, or on the same wire: else the answer may well have to come through here.
  return caller.interface === server.interface && caller.via === server.via && original.source !== reply.source;
}

/** Where a bridge of this host hands its frames to connection tracking, straight answers are seen and translated back. */
function bridgeShowsAnswers({ network, settings }: Signals, name: string): boolean {
  const isBridge = network.links.some((link) => link.name === name && link.kind === "bridge");
  return isBridge && settings["net.bridge.bridge-nf-call-iptables"] === "1";
}

/** Seconds since the last packet, as far as the timers tell. */
function waited({ protocol, timeout, age }: FlowSignal, signals: Signals): number {
  if (age !== undefined) return age;
  const name = protocol === TCP ? "tcp_timeout_syn_sent" : "udp_timeout";
  return (settingOf(signals, `net.netfilter.nf_conntrack_${name}`) ?? timeout) - timeout;
}

function wayTo(signals: Signals, address: string): { readonly interface?: string; readonly via?: string } | undefined {
  const route = lookUpRoute(signals.network, { destination: address })?.route;
  return route?.type === "unicast" ? route : undefined;
}

function masquerade(name: string, listen: string, to: string, { gateway }: Signals): Fix {
  return {
    text: "Translate the source, too, of what is forwarded back to the side it came from",
    commands: [
      "nft add table ip hairpin",
      "nft add chain ip hairpin out '{ type nat hook postrouting priority srcnat; }'",
      `nft add rule ip hairpin out iifname "${name}" oifname "${name}" ct status dnat masquerade`,
    ],
    ...(gateway === undefined
      ? {}
      : {
          file: `port-forwards:\n  # what the file forwards is translated both ways\n  - { name: forward, listen: ${listen}, to: ${to} }`,
        }),
    effect: "the server answers this host, which passes it on to the caller",
    risk: "the server sees this host's address in place of the inside caller's",
  };
}

function splitNames({ reply }: FlowSignal): Fix {
  return {
    text: `Or let the server's name resolve to ${reply.source} for inside hosts`,
    effect: "inside hosts call the server directly",
    risk: "only for servers that are called by name, and if the ports are the same",
  };
}
