import { formatIpv4 } from "../../address/ipv4.ts";
import { setOffload } from "../../kernel/ethtool.ts";
import { runInNamespace } from "../../kernel/namespace.ts";
import { onlineCpus } from "../../kernel/perf/perf-event.ts";
import { processesInNamespace } from "../../kernel/process.ts";
import { steerReceiving } from "../../kernel/receive-steering.ts";
import { addAddress } from "../../kernel/route/address.ts";
import { addVeth, setLinkUp } from "../../kernel/route/link.ts";
import { addRoute, LOCAL_TABLE } from "../../kernel/route/route.ts";
import { writeSysctl } from "../../kernel/sysctl.ts";
import { applyInLab } from "../../lab/apply-in-lab.ts";
import { bringUpLab, type Lab } from "../../lab/lab.ts";
import { takeRedirectedFrames } from "../../lab/redirected-frames.ts";
import { BenchError } from "../error.ts";
import { benchGateway, SUBSCRIBERS } from "../forward/bench-gateway.ts";
import { tableLimits } from "../forward/stage.ts";

/** A gateway with a client inside and a server outside, and a link past the gateway from one to the other. */
export interface StreamStage {
  readonly lab: Lab;
  /** Of the server: past the gateway, and through it. */
  readonly addresses: { readonly direct: string; readonly translated: string };
  /** Undefined where there is only one CPU. */
  readonly cpus: { readonly client: number; readonly server: number } | undefined;
}

const DIRECT_LINK = "direct";
const DIRECT = { client: "192.0.2.1", server: "192.0.2.2" } as const;
const TRANSLATED = "203.0.113.80";
/** The kernel remembers short connections for two minutes after their end. */
const CONNECTIONS = 1_000_000;

/** Builds it; the caller closes the lab. */
export async function buildStreamStage(): Promise<StreamStage> {
  const lab = await bringUpLab(benchGateway(), { life: "process" });
  try {
    applyInLab(lab, tableLimits(CONNECTIONS));
    passGateway(lab);
    speakAsSubscriber(lab);
    takeRedirectedFrames(lab.topology);
    writeSysctl(lab.topology.namespaces.inside, "net.ipv4.ip_local_port_range", "1024 65535");
    const cpus = divideCpus();
    if (cpus !== undefined) {
      keepOn(lab.topology.namespaces.outside, cpus.server);
      steer(lab, cpus);
    }
    return { lab, addresses: { direct: DIRECT.server, translated: TRANSLATED }, cpus };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** A cable from the client to the server, like those to the gateway. */
function passGateway({ topology }: Lab): void {
  const { inside, outside } = topology.namespaces;
  addVeth(inside, DIRECT_LINK, outside, DIRECT_LINK);
  for (const [namespace, address] of [
    [inside, DIRECT.client],
    [outside, DIRECT.server],
  ] as const) {
    setOffload(namespace, DIRECT_LINK, "gro", true);
    setOffload(namespace, DIRECT_LINK, "tx-checksum", false);
    addAddress(namespace, { interface: DIRECT_LINK, address, length: 30 });
    setLinkUp(namespace, DIRECT_LINK, true);
  }
  // The outside has all addresses of the world for its own, but for those that lie elsewhere.
  addRoute(outside, {
    destination: `${DIRECT.client}/32`,
    table: LOCAL_TABLE,
    type: "unicast",
    interface: DIRECT_LINK,
  });
}

/** What the client sends through the gateway comes from an address that is translated. */
function speakAsSubscriber({ topology }: Lab): void {
  const link = topology.links.find(({ side }) => side === "inside");
  const gateway = link?.addresses[0]?.address;
  if (link === undefined || gateway === undefined) throw new TypeError("the benchmark's gateway has a link inside");
  const source = formatIpv4(SUBSCRIBERS.address + 10);
  const words = ["route", "add", `${TRANSLATED}/32`, "via", formatIpv4(gateway), "dev", link.interface, "src", source];
  run(topology.namespaces.inside, "ip", words);
}

/** One CPU for the server, one for whoever asks and for the gateway between them. */
function divideCpus(): StreamStage["cpus"] {
  const [client, server] = onlineCpus();
  return client === undefined || server === undefined ? undefined : { client, server };
}

/**
 * The server's stack receives on the server's CPU; the gateway's and the client's on the other one, as if the server
 * were a machine of its own.
 */
function steer({ topology }: Lab, { client, server }: NonNullable<StreamStage["cpus"]>): void {
  const { inside, gateway, outside } = topology.namespaces;
  for (const { interface: name, side } of topology.links) {
    steerReceiving(gateway, name, client);
    steerReceiving(topology.namespaces[side], name, side === "inside" ? client : server);
  }
  steerReceiving(inside, DIRECT_LINK, client);
  steerReceiving(outside, DIRECT_LINK, server);
}

function keepOn(namespace: string, cpu: number): void {
  for (const { pid } of processesInNamespace(namespace)) run(undefined, "taskset", ["-apc", String(cpu), String(pid)]);
}

function run(namespace: string | undefined, command: string, args: readonly string[]): void {
  const { status, stderr } = runInNamespace(namespace, command, args);
  if (status === 0) return;
  throw new BenchError(
    "bench-not-possible",
    `\`${[command, ...args].join(" ")}\` failed: ${stderr.trim()}`,
    "does the kernel have what it needs? `meganat features` says what it lacks",
  );
}
