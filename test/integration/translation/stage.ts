import assert from "node:assert/strict";
import { applyGateway } from "../../../src/apply/apply.ts";
import { readHostFacts } from "../../../src/apply/host-facts.ts";
import { readGateway } from "../../../src/config/read-gateway.ts";
import { runInNamespace } from "../../../src/kernel/namespace.ts";
import { runNft } from "../../../src/kernel/nftables.ts";
import { openLabClient, type LabClient } from "../../../src/lab/client/lab-client.ts";
import { bringUpLab, type Lab } from "../../../src/lab/lab.ts";
import { planGateway } from "../../../src/plan/plan-gateway.ts";
import { writeIptables } from "../../../src/render/iptables.ts";
import { renderState } from "../../../src/render/render.ts";
import { startCapture, type Capture } from "./capture.ts";
import type { Exchange, Side } from "./exchange.ts";

/** A gateway applied in a lab of its own, with clients on all sides and a capture at both far ends. */
export interface Stage {
  readonly lab: Lab;
  readonly clients: Readonly<Record<Side, LabClient>>;
  /** What was seen since the rules in force were put there. */
  readonly captures: Readonly<Record<"inside" | "outside", Capture>>;
  /** Puts other rules in the place of those in force, and forgets all connections. */
  replaceRules(rules: IptablesProgram): Promise<void>;
  close(): Promise<void>;
}

/** What can load the iptables form of a gateway, instead of the table that apply made. */
export type IptablesProgram = "iptables-nft-restore" | "iptables-legacy-restore";

/** Reads, plans, brings up and applies, all as the commands do. `captured`: packets, in pcap-filter(7)'s words. */
export async function openStage(file: string, id: string, captured?: string): Promise<Stage> {
  const read = readGateway(file, { fileName: `${id}.yaml` });
  assert.ok("gateway" in read, JSON.stringify(read));
  const lab = await bringUpLab(read.gateway, { id, life: "process" });
  try {
    const { namespaces, links } = lab.topology;
    const plan = planGateway(read.gateway, readHostFacts(namespaces.gateway));
    assert.deepEqual(
      plan.problems.filter((problem) => problem.severity === "error"),
      [],
    );
    const outcome = applyGateway({ desired: renderState(plan), namespace: namespaces.gateway });
    assert.equal(outcome.outcome, "applied", JSON.stringify(outcome.problems));
    const captureOn = (side: "inside" | "outside") => {
      const link = links.find((one) => one.side === side);
      assert.ok(link !== undefined);
      return startCapture(namespaces[side], link.interface, captured);
    };
    const captureBoth = async () => {
      const [inside, outside] = await Promise.all([captureOn("inside"), captureOn("outside")]);
      return { inside, outside };
    };
    const stopBoth = () => Promise.all([captures.inside.stop(), captures.outside.stop()]);
    const opening = Promise.all([
      lab.openClient("inside"),
      lab.openClient("outside"),
      openLabClient(namespaces.gateway),
    ]);
    let captures = await captureBoth();
    const [inside, outside, gateway] = await opening;
    const clients = { inside, outside, gateway };
    return {
      lab,
      clients,
      get captures() {
        return captures;
      },
      replaceRules: async (program) => {
        await stopBoth();
        loadRules(namespaces.gateway, program, writeIptables(plan));
        captures = await captureBoth();
      },
      close: async () => {
        for (const client of Object.values(clients)) client.close();
        await stopBoth();
        await lab.close();
      },
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}

/** Addresses, routes and settings stay as applied; only the rules are others, and no connection knows the old ones. */
function loadRules(namespace: string, program: IptablesProgram, text: string): void {
  runNft(namespace, "flush ruleset\n");
  const loaded = runInNamespace(namespace, program, [], { input: text });
  assert.equal(loaded.status, 0, loaded.stderr);
  const forgotten = runInNamespace(namespace, "conntrack", ["-F"]);
  assert.equal(forgotten.status, 0, forgotten.stderr);
}

/** How an exchange is to go on after its first packets. */
export interface Sustained {
  /** How often the text is repeated: in one stream over TCP, in as many datagrams over UDP. */
  readonly times: number;
  /** The port of datagrams, so that they are one connection. */
  readonly fromPort: number;
}

/** Lets the exchange happen; fails unless the answer came whole and from the address that was called. */
export async function perform(client: LabClient, exchange: Exchange, sustained?: Sustained): Promise<void> {
  const { from, to, port = 0 } = exchange;
  switch (exchange.protocol) {
    case "http": {
      const answer = await client.httpGet({ from, to, port, path: "/download?bytes=200000" });
      assert.deepEqual([answer.status, answer.bytes, answer.intact], [200, 200_000, true]);
      break;
    }
    case "tcp": {
      const text = exchange.what.repeat(sustained?.times ?? 1);
      const answer = await client.tcpExchange({ from, to, port, text });
      assert.equal(answer.text, text);
      break;
    }
    case "udp": {
      const request = { from, to, port, text: exchange.what };
      const ends = sustained === undefined ? request : { ...request, fromPort: sustained.fromPort };
      for (let count = 0; count < (sustained?.times ?? 1); count++) {
        const answer = await client.udpExchange(ends);
        assert.equal(answer.text, exchange.what);
        assert.deepEqual(answer.remote, { address: to, port });
      }
      break;
    }
    case "icmp": {
      const answer = await client.ping({ from, to, count: 2 });
      assert.equal(answer.received, 2);
    }
  }
}

/** Fails unless the far end has seen the packet as the exchange says, and the kernel's table has the entry; gives the packet. */
export async function expectTranslated(stage: Stage, exchange: Exchange): Promise<string> {
  const packet = await stage.captures[exchange.far].line(exchange.packet);
  if (exchange.ports !== undefined) {
    const port = Number(exchange.packet.exec(packet)?.[1]);
    const [first, last] = exchange.ports;
    assert.ok(port >= first && port <= last, `${port} is not in ${first}-${last}: ${packet}`);
  }
  const lines = conntrackLines(stage.lab.topology.namespaces.gateway);
  assert.ok(
    lines.some((line) => exchange.entry.test(line)),
    `no entry like ${exchange.entry} in:\n${lines.join("\n")}`,
  );
  return packet;
}

/** Packets with an inside address that were seen outside, though the file does not say so. */
export function leaks(stage: Stage): string[] {
  return stage.captures.outside
    .lines()
    .filter((line) => /\b(10\.10\.\d+|192\.168\.0)\.\d+(\.\d+)? > /.test(line) && !/ > 192\.0\.2\./.test(line));
}

/** The kernel's table as the standard tool prints it. */
export function conntrackLines(namespace: string): string[] {
  const { stdout, stderr, status } = runInNamespace(namespace, "conntrack", ["-L"]);
  assert.equal(status, 0, stderr);
  return stdout.split("\n").filter((line) => line !== "");
}
