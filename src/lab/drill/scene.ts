import { setTimeout as sleep } from "node:timers/promises";
import { readGateway } from "../../config/read-gateway.ts";
import { runInNamespace } from "../../kernel/namespace.ts";
import { runNft } from "../../kernel/nftables.ts";
import { writeSysctl } from "../../kernel/sysctl.ts";
import { applyInLab } from "../apply-in-lab.ts";
import type { LabClient } from "../client/lab-client.ts";
import { LabError } from "../error.ts";
import { fillConnections, type FillOptions, type FillReport } from "../generator/fill.ts";
import { bringUpLab, type Lab } from "../lab.ts";
import type { LabSide } from "../topology.ts";

/** The gateway that faults are planted in: two links, a small pool with blocks, a port forward. */
export const DRILL_GATEWAY = `version: 1
name: drill
links:
  wan: { interface: wan, addresses: [203.0.113.2/24], gateway: 203.0.113.1 }
  lan: { interface: lan, addresses: [10.64.0.1/16] }
pools:
  public: { addresses: 203.0.113.10-203.0.113.13, ports: 1024-65535 }
source-nat:
  - { name: office, from: 10.64.1.0-10.64.4.255, out: wan, to: public }
port-forwards:
  - { name: web, listen: 203.0.113.2:8080/tcp, to: 10.64.9.10:8080 }
capacity: { subscribers: 1024, connections-per-subscriber: 100 }
`;

/** A lab with a gateway at work, and what planting a fault needs. */
export interface Scene {
  readonly lab: Lab;
  /** Names of the three namespaces. */
  readonly inside: string;
  readonly gateway: string;
  readonly outside: string;
  /** Runs a program on a side and gives its output; throws with its words if it fails. */
  run(side: LabSide, command: string, ...args: readonly string[]): string;
  /** Loads rules on the gateway, as somebody else's: nft's text. */
  nft(script: string): void;
  /** Sets a sysctl of a side's namespace. */
  sysctl(side: LabSide, name: string, value: string | number): void;
  /** A client on a side; closed with the scene. */
  client(side: "inside" | "outside"): Promise<LabClient>;
  /** Fills the gateway's table by the generator: inside subscribers (10.64.1.0-10.64.4.255) to 198.18.0.0/15. */
  fillTable(options: Pick<FillOptions, "connections"> & Partial<FillOptions>): Promise<FillReport>;
  /** Called when the scene ends, last first, whatever happened. */
  undo(action: () => void): void;
  close(): Promise<void>;
}

const SUBSCRIBERS = [{ first: 0x0a400100, last: 0x0a4004ff }];

/** Builds a scene; `file` `none`: the gateway only forwards, and rules are to be loaded by whoever asks. */
export async function buildScene(file: string = DRILL_GATEWAY): Promise<Scene> {
  const reading = readGateway(file === "none" ? DRILL_GATEWAY : file);
  if ("problems" in reading) {
    const words = reading.problems.map(({ message }) => message).join("; ");
    throw new LabError("lab-not-applied", `the drill's gateway file is wrong: ${words}`, "mend the fault's file");
  }
  const lab = await bringUpLab(reading.gateway, { life: "process" });
  const { namespaces } = lab.topology;
  const undos: (() => void)[] = [];
  const clients: LabClient[] = [];
  const close = async (): Promise<void> => {
    for (const client of clients) client.close();
    for (const undo of undos.toReversed()) {
      try {
        undo();
      } catch {
        // Gone with its namespace already; the rest must be undone all the same.
      }
    }
    await lab.close();
  };
  const run: Scene["run"] = (side, command, ...args) => {
    const { stdout, stderr, status } = runInNamespace(namespaces[side], command, args);
    if (status === 0) return stdout;
    const line = [command, ...args].join(" ");
    throw new LabError("lab-program-failed", `${line} on the ${side} side: ${stderr.trim()}`, "is it installed?");
  };
  try {
    if (file === "none") writeSysctl(namespaces.gateway, "net.ipv4.ip_forward", "1");
    else applyInLab(lab);
    if (file === "none") for (const line of PLAIN_ROUTES) run("gateway", "ip", ...line.split(" "));
  } catch (error) {
    await close();
    throw error;
  }
  return {
    lab,
    inside: namespaces.inside,
    gateway: namespaces.gateway,
    outside: namespaces.outside,
    run,
    nft: (script) => runNft(namespaces.gateway, script),
    sysctl: (side, name, value) => writeSysctl(namespaces[side], name, String(value)),
    client: async (side) => {
      const client = await lab.openClient(side);
      clients.push(client);
      return client;
    },
    fillTable: (options) =>
      fillConnections({
        inside: { namespace: namespaces.inside, interface: "lan" },
        outside: { namespace: namespaces.outside, interface: "wan" },
        gateway: { namespace: namespaces.gateway, inside: "lan", outside: "wan" },
        subscribers: SUBSCRIBERS,
        protocol: "udp",
        ...options,
      }),
    undo: (action) => void undos.push(action),
    close,
  };
}

/** What apply would have set up from the file. */
const PLAIN_ROUTES = [
  "address replace 203.0.113.2/24 dev wan",
  "address replace 10.64.0.1/16 dev lan",
  "link set wan up",
  "link set lan up",
  "route replace default via 203.0.113.1",
];

/** Does something again and again until the signal, with a pause; failures of traffic are part of a fault. */
export async function repeat(signal: AbortSignal, pauseMs: number, work: () => unknown): Promise<void> {
  while (!signal.aborted) {
    try {
      await work();
    } catch {
      // A fault makes traffic fail.
    }
    await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}
