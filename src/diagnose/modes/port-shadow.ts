import type { FailureMode } from "../failure-mode.ts";
import type { Fix, Observation } from "../finding.ts";
import { formatCount } from "../figures.ts";
import { flowWords } from "../flow-words.ts";
import type { Signals } from "../signals.ts";
import type { FlowSignal, GroupSignal } from "../signals/table.ts";
import { poolOf } from "../translation/pool-of.ts";
import { isOurs, replaceRule } from "../translation/rule-name.ts";

/** Ports above 1023. */
const PORTS = 64_512;
/** By chance a connection gets a service's port, too: so often that it says nothing. */
const LIKELY = 0.02;
/** So many times more than by chance is no accident. */
const MORE_THAN_CHANCE = 8;
const ENOUGH = 5;

/** A connection from inside occupies the port of a service, and takes what its peer sends there. */
export const mode: FailureMode = {
  id: "port-shadow",
  title: "A connection from inside stands before a service's port",
  severity: "risk",
  why: "What comes from that connection's peer to the service's port belongs to the connection, and goes to the inside host instead of the service: whoever is inside can so cut others off from a service, or take its packets.",
  needs: ["table", "pools"],
  examine: (signals) =>
    (signals.table?.shadows ?? [])
      .filter((group) => isNoAccident(group, signals))
      .map((group) => observe(group, signals)),
};

/** Source NAT keeps the port of an inside host where it can: by chance one in 64,512 is that of a service. */
function isNoAccident({ key, count }: GroupSignal, { table, services = [] }: Signals): boolean {
  const address = key.slice(0, key.indexOf(":"));
  const through = table?.publicAddresses.find((one) => one.address === address)?.connections ?? 0;
  const expected = through / PORTS;
  // The more ports are services, the likelier it is that one of them is hit.
  const ports = services.reduce((sum, { first, last }) => sum + last - first + 1, 0);
  if (expected * ports < LIKELY) return count > 0;
  return count >= Math.max(ENOUGH, expected * MORE_THAN_CHANCE);
}

function observe({ key, count }: GroupSignal, signals: Signals): Observation {
  const [, address = "", port = "", protocol = ""] = /^([^:]*):(\d+)\/(\w+)$/.exec(key) ?? [];
  const flows = (signals.table?.shadowed ?? []).filter(
    ({ reply }) => reply.destination === address && reply.destinationPort === Number(port),
  );
  const service = signals.services?.find((one) => one.first <= Number(port) && one.last >= Number(port));
  const peers = new Set(flows.map(({ reply }) => `${reply.source}:${reply.sourcePort}`));
  return {
    subject: key,
    summary: `${formatCount(count)} ${count === 1 ? "connection" : "connections"} from inside took port ${port} of ${address}, where a service takes ${protocol} connections`,
    evidence: [
      {
        what: "service",
        value: key,
        meaning:
          service?.rule === undefined ? "a program of this host listens there" : `forwarded by rule ${service.rule}`,
      },
      { what: "connections from inside with the same address and port", value: formatCount(count) },
      {
        what: "peers that no longer reach the service",
        value: [...peers].slice(0, 5).join(", "),
        meaning: "only from this very port of theirs",
      },
    ],
    top: { title: "Whose they are", rows: flows.slice(0, 5).map(flowWords) },
    fixes: [forget(flows), reserve(address, Number(port), signals)],
  };
}

function forget(flows: readonly FlowSignal[]): Fix {
  const filters = flows.map(({ protocol, original }) => ({
    protocol,
    source: original.source,
    sourcePort: original.sourcePort,
    destination: original.destination,
    destinationPort: original.destinationPort,
    with: ["snat"],
  }));
  return {
    text: "Delete these connections",
    commands: flows.slice(0, 5).map(({ protocol, original }) => {
      const { source, sourcePort, destination, destinationPort } = original;
      return `conntrack -D -p ${protocol} -s ${source} -d ${destination} --sport ${sourcePort} --dport ${destinationPort}`;
    }),
    effect: "the service has its port back until an inside host takes it again",
    risk: "the inside host's connection breaks",
    safe: [{ kind: "delete-connections", filters }],
  };
}

function reserve(address: string, port: number, signals: Signals): Fix {
  const pool = poolOf(signals.pools ?? [], address)?.pool;
  const [below, above] = [port - 1024, 65_535 - port];
  const range = above >= below ? `${port + 1}-65535` : `1024-${port - 1}`;
  const ours = pool !== undefined && isOurs(pool.rule);
  const rule =
    pool === undefined || ours || pool.text.includes(`:${range}`)
      ? []
      : [replaceRule(pool, withPorts(pool.text, address, range, pool.program === "nft"))];
  return {
    text: "Keep the service's port out of what source NAT may use",
    ...(rule.length > 0 ? { commands: rule } : {}),
    ...(ours ? { file: `pools:\n  # the pool with ${address}\n  public: { ports: ${range} }` } : {}),
    effect: `source NAT takes ports ${range} only: no connection from inside can stand before port ${port}`,
    risk: `${formatCount(Math.min(below, above) + 1)} ports fewer for each destination`,
  };
}

function withPorts(text: string, address: string, range: string, isNft: boolean): string {
  if (!isNft) {
    return text.includes("MASQUERADE")
      ? text.replace("-j MASQUERADE", `-j MASQUERADE --to-ports ${range}`)
      : text.replace(`--to-source ${address}`, `--to-source ${address}:${range}`);
  }
  const named = text.includes("l4proto") || /\b(tcp|udp) /.test(text) ? text : `meta l4proto { tcp, udp } ${text}`;
  return named.includes("masquerade")
    ? named.replace("masquerade", `masquerade to :${range}`)
    : named
        .replace(`snat to ${address}`, `snat to ${address}:${range}`)
        .replace(`snat ip to ${address}`, `snat ip to ${address}:${range}`);
}
