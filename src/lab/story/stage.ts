import { createNamespace, runInNamespace } from "../../kernel/namespace.ts";
import { onlineCpus } from "../../kernel/perf/perf-event.ts";
import { steerReceiving } from "../../kernel/receive-steering.ts";
import { addAddress } from "../../kernel/route/address.ts";
import { addVeth, setLinkUp } from "../../kernel/route/link.ts";
import { addRoute } from "../../kernel/route/route.ts";
import { readSysctl, writeSysctl } from "../../kernel/sysctl.ts";
import { startLabProgram } from "../child.ts";
import { LabError } from "../error.ts";
import { labNamespaces, type LabNamespaces } from "../topology.ts";
import { CONTAINER, DOCKER_RULES } from "./docker-rules.ts";

/** The story's namespaces: gateway is the Docker host, inside its container, outside who asks; bare has no Docker. */
export interface StoryNamespaces extends LabNamespaces {
  /** A host where the same web server runs without container and NAT. */
  readonly bare: string;
}

/** Which CPU does what; undefined where there is only one. */
export interface StoryCpus {
  /** Of ab, and of all that lies between it and the server. */
  readonly client: number;
  /** Of the web server. */
  readonly server: number;
}

/** The stage once it is built. */
export interface Stage {
  readonly namespaces: StoryNamespaces;
  /** Of the web server without NAT, and of the one behind it. */
  readonly urls: { readonly direct: string; readonly nat: string };
  readonly cpus: StoryCpus | undefined;
  /** `iptables v1.8.9 (nf_tables)`. */
  readonly iptables: string;
  /** Whether bridged packets pass the rules too, as on the article's host. */
  readonly bridgeNetfilter: boolean;
}

const DIRECT = { client: "192.168.1.2", server: "192.168.1.30" } as const;
/** The article's addresses. */
const NAT = { client: "192.168.0.2", host: "192.168.0.30" } as const;
const DOCKER_BRIDGE = "172.17.0.1";
/**
 * A page that the server makes anew, for a fifth of a millisecond of its CPU: so it is the server that sets the pace, as
 * in the article, and not ab.
 */
const PAGE = "download?bytes=1000";
const BRIDGE_SWITCH = "net.bridge.bridge-nf-call-iptables";

/** Names of the story's namespaces. */
export function storyNamespaces(id: string): StoryNamespaces {
  return { ...labNamespaces(id), bare: `mn-${id}-bare` };
}

/** Builds hosts and container, loads Docker's rules and starts the web servers. Clean-up is the caller's. */
export async function buildStage(namespaces: StoryNamespaces): Promise<Stage> {
  const { gateway: host, inside: container, outside: client, bare } = namespaces;
  for (const namespace of [host, container, client, bare]) {
    createNamespace(namespace);
    // No neighbour discovery among the packets that are counted.
    setIfThere(namespace, "net.ipv6.conf.all.disable_ipv6", "1");
    setIfThere(namespace, "net.ipv6.conf.default.disable_ipv6", "1");
    setLinkUp(namespace, "lo", true);
  }
  link(client, "eth0", NAT.client, host, "eth0", NAT.host);
  link(client, "eth1", DIRECT.client, bare, "eth0", DIRECT.server);
  writeSysctl(client, "net.ipv4.ip_local_port_range", "1024 65535");
  writeSysctl(host, "net.ipv4.ip_forward", "1");
  bridge(host, container);
  loadRules(host);
  setIfThere(host, BRIDGE_SWITCH, "1");
  const cpus = divideCpus();
  if (cpus !== undefined) steer(namespaces, cpus);
  for (const namespace of [container, bare]) await serve(namespace, cpus);
  return {
    namespaces,
    urls: { direct: url(DIRECT.server), nat: url(NAT.host) },
    cpus,
    iptables: runInNamespace(undefined, "iptables", ["--version"]).stdout.trim(),
    bridgeNetfilter: readSysctl(host, BRIDGE_SWITCH) === "1",
  };
}

/** The table of NAT rules as one reads it by hand. */
export function listNatRules(host: string): string {
  return runInNamespace(host, "iptables", ["-t", "nat", "-nL"]).stdout.trimEnd();
}

function link(one: string, nameOne: string, addressOne: string, other: string, name: string, address: string): void {
  addVeth(one, nameOne, other, name);
  addAddress(one, { interface: nameOne, address: addressOne, length: 24 });
  addAddress(other, { interface: name, address, length: 24 });
  setLinkUp(one, nameOne, true);
  setLinkUp(other, name, true);
}

/** As Docker does: the container's end of a pair of interfaces is its eth0, the other one a port of docker0. */
function bridge(host: string, container: string): void {
  addVeth(container, "eth0", host, "veth0");
  run(host, "ip", ["link", "add", "docker0", "type", "bridge"]);
  run(host, "ip", ["link", "set", "veth0", "master", "docker0"]);
  addAddress(host, { interface: "docker0", address: DOCKER_BRIDGE, length: 16 });
  addAddress(container, { interface: "eth0", address: CONTAINER.address, length: 16 });
  for (const name of ["docker0", "veth0"]) setLinkUp(host, name, true);
  setLinkUp(container, "eth0", true);
  addRoute(container, { destination: "0.0.0.0/0", interface: "eth0", via: DOCKER_BRIDGE });
}

function loadRules(host: string): void {
  run(host, "iptables-restore", [], DOCKER_RULES);
}

/** One CPU for the server, one for whoever asks: as on two machines, though there is only one. */
function divideCpus(): StoryCpus | undefined {
  const [client, server] = onlineCpus();
  return client === undefined || server === undefined ? undefined : { client, server };
}

/** The server's stack receives on the server's CPU; what comes back, translation included, on the other one. */
function steer({ gateway, inside, outside, bare }: StoryNamespaces, { client, server }: StoryCpus): void {
  for (const [namespace, name] of [
    [outside, "eth0"],
    [outside, "eth1"],
    [gateway, "eth0"],
    [gateway, "veth0"],
  ] as const) {
    steerReceiving(namespace, name, client);
  }
  for (const namespace of [inside, bare]) steerReceiving(namespace, "eth0", server);
}

async function serve(namespace: string, cpus: StoryCpus | undefined): Promise<void> {
  const services = { http: [CONTAINER.port], tcpEcho: [], udpEcho: [] };
  const io = { stdin: "ignore", stdout: "ignore" } as const;
  const server = await startLabProgram(namespace, "services/streams-main", services, io);
  if (cpus !== undefined) run(undefined, "taskset", ["-apc", String(cpus.server), String(server.pid)]);
}

function run(namespace: string | undefined, command: string, args: readonly string[], input?: string): void {
  const { status, stderr } = runInNamespace(namespace, command, args, input === undefined ? {} : { input });
  if (status === 0) return;
  const line = [command, ...args].join(" ");
  throw new LabError(
    "story-not-possible",
    `\`${line}\` failed: ${stderr.trim()}`,
    "does the kernel have what it needs?",
  );
}

function url(address: string): string {
  return `http://${address}:${CONTAINER.port}/${PAGE}`;
}

function setIfThere(namespace: string, name: string, value: string): void {
  const now = readSysctl(namespace, name);
  if (now !== undefined && now !== value) writeSysctl(namespace, name, value);
}
