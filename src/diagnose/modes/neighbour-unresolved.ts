import type { FailureMode } from "../failure-mode.ts";
import type { Evidence, Observation } from "../finding.ts";
import { headersOf, topOf } from "../dropped.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { DropSignal, Signals } from "../signals.ts";

/** Hosts come and go: some packets to one that has just gone are usual, and so are scans of a small public network. */
const USUAL_PER_SECOND = 10;
/** Of a router nobody expects that; packets that wait for its first answer are dropped too. */
const ROUTER_PER_SECOND = 2;
/** No entry could be made: another finding. */
const OTHER_REASON = "NEIGH_CREATEFAIL";
/** Too many packets waited for the answer. */
const WAITING = "NEIGH_QUEUEFULL";
const MOST = 5;

/** Packets for a next hop, or a host on the link, that does not answer ARP. */
export const mode: FailureMode = {
  id: "neighbour-unresolved",
  title: "A neighbour does not answer ARP",
  severity: "loss",
  why: "Without the hardware address of the next hop a packet cannot be sent: some wait for a second or three, all are dropped.",
  needs: ["drops"],
  examine: (signals) =>
    [...byInterface(signals)].flatMap(([name, rows]) => {
      const lost = rows.reduce((sum, { packets }) => sum + packets, 0);
      // Packets that find the queue full while a neighbour is being asked for the first time are no sign of anything.
      if (!isSilent(signals, name) && rows.every(({ reason }) => reason === WAITING)) return [];
      const router = silentRouter(signals, name);
      const usual = (router === undefined ? USUAL_PER_SECOND : ROUTER_PER_SECOND) * signals.seconds;
      return lost < usual ? [] : [observe(signals, name, router, rows, lost)];
    }),
};

function byInterface(signals: Signals): Map<string, DropSignal[]> {
  const found = new Map<string, DropSignal[]>();
  for (const row of signals.drops?.rows ?? []) {
    if (row.cause !== "neighbour" || row.reason === OTHER_REASON) continue;
    const rows = found.get(row.interface);
    if (rows === undefined) found.set(row.interface, [row]);
    else rows.push(row);
  }
  return found;
}

/** Somebody on the link does not answer. */
function isSilent({ network }: Signals, name: string): boolean {
  return network.neighbours.some((neighbours) => neighbours.interface === name && neighbours.failed.length > 0);
}

/** The next hop of a route by the interface that does not answer; the default route's rather than another's. */
function silentRouter({ network }: Signals, name: string): string | undefined {
  const failed = new Set(network.neighbours.find((neighbours) => neighbours.interface === name)?.failed);
  const routes = network.routes.filter(({ via, interface: by }) => by === name && via !== undefined && failed.has(via));
  return (routes.find(({ destination }) => destination === "0.0.0.0/0") ?? routes[0])?.via;
}

function observe(
  signals: Signals,
  name: string,
  router: string | undefined,
  rows: readonly DropSignal[],
  lost: number,
): Observation {
  const failed = signals.network.neighbours.find((neighbours) => neighbours.interface === name)?.failed ?? [];
  const evidence: Evidence[] = rows.map(({ packets, reason, location }) => ({
    what: `packets dropped on ${name}: ${reason}`,
    value: formatCount(packets),
    meaning: `in ${location}`,
  }));
  if (failed.length > 0) {
    evidence.push({
      what: `neighbours on ${name} that do not answer`,
      value: failed.slice(0, MOST).join(", "),
      meaning: "`failed` or `incomplete` in ip neigh",
    });
  }
  const routes = signals.network.routes.filter(({ via }) => router !== undefined && via === router);
  if (routes.length > 0) {
    evidence.push({
      what: `routes that lead through ${router}`,
      value: routes
        .slice(0, MOST)
        .map(({ destination }) => destination)
        .join(", "),
    });
  }
  const headers = headersOf(signals, "neighbour").filter((header) => header.interface === name);
  const top = topOf("Destinations", headers, ({ destination }) => destination);
  const who = router === undefined ? `hosts on ${name}` : `${router} on ${name}`;
  return {
    subject: router ?? name,
    summary: `${who} ${router === undefined ? "do" : "does"} not answer ARP: ${formatRate(lost / signals.seconds)} packets dropped`,
    evidence,
    ...(top === undefined ? {} : { top }),
    lostPackets: lost,
    explains: [{ cause: "neighbour", packets: lost }],
    fixes: [router === undefined ? hostsFix(name, failed[0]) : routerFix(name, router)],
  };
}

function routerFix(name: string, router: string): Observation["fixes"][number] {
  return {
    text: "See whether the router is there: cable, VLAN, its address, ours",
    commands: [
      `ip -s link show dev ${name}`,
      `arping -c 3 -I ${name} ${router}`,
      `tcpdump -c 10 -eni ${name} arp`,
      `ip neigh replace ${router} lladdr MAC dev ${name}    # if the router is there and only ARP is blocked`,
    ],
    file: `links: { ${name}: { gateway: ADDRESS } }    # if it is another`,
    effect: "packets leave as soon as the router answers",
    risk: "none, but for a wrong static entry: it stays until it is deleted",
  };
}

function hostsFix(name: string, host: string | undefined): Observation["fixes"][number] {
  return {
    text: "Take away what leads packets to hosts that are not there: a route that should have a next hop, a port forward to a host that has gone, a prefix that is too wide",
    commands: [
      `ip route get ${host ?? "ADDRESS"}`,
      `arping -c 3 -I ${name} ${host ?? "ADDRESS"}`,
      "ip route replace PREFIX via ROUTER    # if a router should take them",
      "ip route replace unreachable PREFIX    # if nobody should",
    ],
    effect: "senders get an answer at once, and no packet waits for nobody",
    risk: "a route taken away by mistake cuts off hosts that are there",
  };
}
