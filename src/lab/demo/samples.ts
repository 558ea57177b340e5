import { formatIpv4, parseIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { rangesContain } from "../../address/ipv4-range.ts";
import { lookupConnection } from "../../kernel/conntrack/lookup.ts";
import type { PublicFinding } from "../../plan/lookup.ts";
import { lookupPublic } from "../../plan/lookup.ts";
import type { Plan } from "../../plan/plan.ts";
import type { LabClient } from "../client/lab-client.ts";
import type { WhoAmI } from "../services/http-service.ts";
import { ECHO_PORT, HTTP_PORTS } from "../services/service-ports.ts";

/** One translation as each of those who see it tells it; ends are `address:port`. */
export interface Sample {
  readonly protocol: "tcp" | "udp";
  /** What the subscriber sent from and to. */
  readonly inside: string;
  readonly to: string;
  /** Where the server saw it come from. */
  readonly outside: string;
  /** Where the kernel's entry says that answers go; undefined if it has none. */
  readonly kernel?: string;
  readonly kernelAgrees: boolean;
  /** Whom the plan names for the outside address and port, without asking the kernel. */
  readonly lookup: string;
  readonly lookupAgrees: boolean;
}

interface SampleSetup {
  readonly client: LabClient;
  readonly plan: Plan;
  /** The gateway's namespace. */
  readonly gateway: string;
  readonly server: string;
}

const IPPROTO = { tcp: 6, udp: 17 } as const;
/** A client's usual port; each sample has one of its own. */
const FIRST_PORT = 40_123;

/** Lets each subscriber ask the server who it is, by TCP and UDP in turn, and compares all accounts. */
export async function takeSamples(setup: SampleSetup, subscribers: readonly Ipv4[]): Promise<Sample[]> {
  const samples: Sample[] = [];
  for (const [index, subscriber] of subscribers.entries()) {
    samples.push(await takeSample(setup, index % 2 === 0 ? "tcp" : "udp", subscriber, FIRST_PORT + index));
  }
  return samples;
}

async function takeSample(
  { client, plan, gateway, server }: SampleSetup,
  protocol: Sample["protocol"],
  subscriber: Ipv4,
  fromPort: number,
): Promise<Sample> {
  const from = formatIpv4(subscriber);
  const port = protocol === "tcp" ? HTTP_PORTS[0] : ECHO_PORT;
  const ends = { from, fromPort, to: server, port };
  const answer =
    protocol === "tcp"
      ? (await client.httpGet({ ...ends, path: "/whoami" })).body
      : (await client.udpExchange({ ...ends, text: "whoami" })).text;
  const { remote } = JSON.parse(answer) as WhoAmI;
  const entry = lookupConnection(gateway, {
    source: from,
    destination: server,
    protocol: IPPROTO[protocol],
    sourcePort: fromPort,
    destinationPort: port,
  });
  const kernel = entry === undefined ? undefined : `${entry.reply.destination}:${entry.reply.destinationPort}`;
  const outside = `${remote.address}:${remote.port}`;
  const findings = lookupPublic(plan, parseIpv4(remote.address) ?? 0, remote.port, protocol);
  return {
    protocol,
    inside: `${from}:${fromPort}`,
    to: `${server}:${port}`,
    outside,
    ...(kernel === undefined ? {} : { kernel }),
    kernelAgrees: kernel === outside,
    lookup: findings.length === 0 ? "nobody" : findings.map(nameFinding).join(" or "),
    lookupAgrees: findings.some((finding) => namesSubscriber(finding, subscriber)),
  };
}

/** Says whether the finding names the subscriber, or at least has it among the candidates. */
export function namesSubscriber(finding: PublicFinding, subscriber: Ipv4): boolean {
  if (finding.kind === "subscriber") return finding.subscriber === subscriber;
  if (finding.kind === "static") return finding.host === subscriber;
  return finding.kind === "shared" && rangesContain(finding.candidates, subscriber);
}

function nameFinding(finding: PublicFinding): string {
  switch (finding.kind) {
    case "subscriber":
      return formatIpv4(finding.subscriber);
    case "static":
    case "forward":
    case "twice":
      return formatIpv4(finding.host);
    case "shared":
      return `one of ${finding.candidateCount}`;
    case "gateway":
      return "the gateway itself";
    case "reserved":
    case "free":
    case "unused-port":
      return "nobody";
  }
}
