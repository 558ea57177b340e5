import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test, type TestContext } from "node:test";
import type { Report } from "../../src/diagnose/report.ts";
import type { Packet } from "../../src/diagnose/rules/packet.ts";
import { runInNamespace } from "../../src/kernel/namespace.ts";
import { runNft } from "../../src/kernel/nftables.ts";
import { examine } from "../../src/observe/doctor.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";
import { run } from "../fixtures/own-namespaces.ts";
import { buildRuleHost, type RuleHost } from "../fixtures/rulesets/host.ts";
import { first } from "../fixtures/rulesets/packets.ts";

// The rules of other programs, in a namespace. About traffic that they let through the doctor says nothing; of packets
// that one of them drops it names that rule.

const FIXTURES = join(import.meta.dirname, "../fixtures/rulesets");
const SECONDS = 0.5;
/** More than five a second. */
const PACKETS = 30;
/** On a busy machine a look may take many seconds, and a few packets a second are nobody's trouble. */
const DROPPED = 600;

/** A packet from somewhere, without the source port. */
type Ends = readonly [inInterface: string, source: string, destination: string, protocol: "tcp" | "udp", port: number];

interface Case {
  readonly name: string;
  /** A connection that the rules let through, and where its answer comes from: [interface, address, port], to whom. */
  readonly passes: Ends;
  readonly answer?: readonly [inInterface: string, source: string, port: number, destination: string];
  readonly dropped: Ends;
  /** The rule that drops: of a saved ruleset `table chain`, of nft `family table chain`. */
  readonly chain: string;
  readonly text: string;
  readonly owner: string;
}

interface SavedCase extends Case {
  /** That load them: the older one is still in use on hosts of the first kinds. */
  readonly programs: readonly ("iptables-nft" | "iptables-legacy")[];
}

const OUT = "198.51.100.5";
const HOST = "203.0.113.2";
const FROM_CONTAINER = {
  passes: ["docker0", "172.17.0.2", OUT, "udp", 4500],
  answer: ["eth0", OUT, 4500, HOST],
} as const;
const TO_HOST = { passes: ["eth0", OUT, HOST, "tcp", 22] } as const;
const NODE_PORT = { passes: ["eth0", OUT, HOST, "tcp", 30_080] } as const;

const BOTH = ["iptables-nft", "iptables-legacy"] as const;

const SAVED: readonly SavedCase[] = [
  {
    ...FROM_CONTAINER,
    name: "docker-24",
    programs: BOTH,
    dropped: ["eth0", "198.51.100.66", HOST, "tcp", 8080],
    chain: "filter DOCKER-USER",
    text: '-s 198.51.100.66/32 -i eth0 -m comment --comment "no \\"scanners\\"" -j DROP',
    owner: "Docker",
  },
  {
    ...FROM_CONTAINER,
    name: "docker-28",
    programs: BOTH,
    dropped: ["eth0", OUT, "172.17.0.2", "tcp", 80],
    chain: "raw PREROUTING",
    text: "-d 172.17.0.2/32 ! -i docker0 -j DROP",
    owner: "Docker",
  },
  {
    ...NODE_PORT,
    name: "kube-proxy",
    programs: ["iptables-nft"],
    dropped: ["cni0", "10.244.0.10", "10.96.0.99", "tcp", 80],
    chain: "filter KUBE-SERVICES",
    text: '-d 10.96.0.99/32 -p tcp -m comment --comment "shop/legacy:http has no endpoints" -m tcp --dport 80 -j REJECT --reject-with icmp-port-unreachable',
    owner: "kube-proxy",
  },
  {
    name: "libvirt",
    programs: ["iptables-nft"],
    passes: ["virbr0", "192.168.122.9", OUT, "udp", 4500],
    answer: ["eth0", OUT, 4500, HOST],
    dropped: ["eth0", OUT, "192.168.122.9", "tcp", 22],
    chain: "filter LIBVIRT_FWI",
    text: "-o virbr0 -j REJECT --reject-with icmp-port-unreachable",
    owner: "libvirt",
  },
  {
    name: "tailscale",
    programs: ["iptables-nft"],
    passes: ["tailscale0", "100.64.0.7", HOST, "tcp", 22],
    dropped: ["eth0", "100.64.0.9", HOST, "tcp", 22],
    chain: "filter ts-input",
    text: "-s 100.64.0.0/10 ! -i tailscale0 -j DROP",
    owner: "Tailscale",
  },
  {
    ...TO_HOST,
    name: "ufw",
    programs: BOTH,
    dropped: ["eth0", OUT, HOST, "tcp", 23],
    chain: "filter ufw-user-input",
    text: "-p tcp -m tcp --dport 23 -j DROP",
    owner: "ufw",
  },
  {
    ...TO_HOST,
    name: "fail2ban",
    programs: BOTH,
    dropped: ["eth0", "198.51.100.77", HOST, "tcp", 443],
    chain: "filter f2b-recidive",
    text: "-s 198.51.100.77/32 -j REJECT --reject-with icmp-port-unreachable",
    owner: "fail2ban",
  },
  {
    ...TO_HOST,
    name: "firewalld-iptables",
    programs: BOTH,
    dropped: ["eth0", "198.51.100.9", HOST, "tcp", 22],
    chain: "filter IN_public_deny",
    text: "-s 198.51.100.9/32 -j REJECT --reject-with icmp-port-unreachable",
    owner: "firewalld",
  },
];

const NFT: readonly Case[] = [
  {
    ...FROM_CONTAINER,
    name: "docker-29",
    dropped: ["eth0", OUT, "172.17.0.2", "tcp", 80],
    chain: "ip docker-bridges raw-PREROUTING",
    text: 'ip daddr 172.17.0.2 iifname != "docker0" counter drop comment "DROP DIRECT ACCESS"',
    owner: "Docker",
  },
  {
    ...NODE_PORT,
    name: "kube-proxy",
    dropped: ["cni0", "10.244.0.10", "10.96.0.77", "tcp", 80],
    chain: "ip kube-proxy cluster-ips-check",
    text: 'ip daddr 10.96.0.0/16 counter drop comment "Drop traffic to unallocated ClusterIPs"',
    owner: "kube-proxy",
  },
  {
    ...TO_HOST,
    name: "firewalld",
    dropped: ["eth0", "198.51.100.9", HOST, "tcp", 22],
    chain: "inet firewalld filter_IN_public_deny",
    text: "ip saddr 198.51.100.9 reject with icmp port-unreachable",
    owner: "firewalld",
  },
  {
    ...TO_HOST,
    name: "fail2ban",
    dropped: ["eth0", "198.51.100.77", HOST, "tcp", 22],
    chain: "inet f2b-table f2b-chain",
    text: "tcp dport { 22, 2222 } ip saddr @addr-set-sshd reject with icmp port-unreachable",
    owner: "fail2ban",
  },
];

void describe("the doctor on a host with rules of", { skip: withoutEbpf(), concurrency: 4 }, () => {
  for (const one of SAVED) {
    for (const program of one.programs) {
      void test(`${one.name}, by ${program}`, async (t) => {
        const host = buildHost(t);
        const input = readFileSync(join(FIXTURES, `${one.name}.save`), "utf8");
        const { status, stderr } = runInNamespace(host.namespace, `${program}-restore`, [], { input });
        assert.equal(status, 0, stderr);
        const [table = "", chain = ""] = one.chain.split(" ");
        const lines = run(host.namespace, program, "-t", table, "-S", chain).split("\n");
        const number = lines.filter((line) => line.startsWith("-A ")).indexOf(`-A ${chain} ${one.text}`) + 1;
        assert.ok(number > 0, lines.join("\n"));
        await check(host, one, `rule ${number} of chain ${chain} in table ${table} of ${program}`);
      });
    }
  }

  for (const one of NFT) {
    void test(`${one.name}, by nft`, async (t) => {
      const host = buildHost(t);
      runNft(host.namespace, readFileSync(join(FIXTURES, `${one.name}.nft`), "utf8"));
      const listed = run(host.namespace, "nft", "-s", "-a", "list", "chain", ...one.chain.split(" "));
      const line = listed.split("\n").find((text) => text.trim().startsWith(`${one.text} # handle`));
      assert.ok(line !== undefined, listed);
      await check(host, one, `rule handle ${line.split(" ").at(-1)} of chain ${one.chain}`);
    });
  }
});

/** As other hosts are: what it says itself goes out. */
function buildHost(t: TestContext): RuleHost {
  const host = buildRuleHost(t);
  runNft(host.namespace, "delete table ip silence");
  return host;
}

async function check(host: RuleHost, { passes, answer, dropped, text, owner }: Case, place: string): Promise<void> {
  const quiet = await lookWhile(host, false, () => {
    for (let number = 0; number < PACKETS; number++) {
      const packet = first(...passes);
      host.send(packet);
      if (answer !== undefined) host.send(answerTo(packet, answer));
    }
  });
  assert.deepEqual(
    findingsOf(quiet).map(({ id, summary }) => `${id}: ${summary}`),
    [],
  );
  assert.equal(quiet.drops.unexplainedMatters, false, JSON.stringify(quiet.drops));

  const report = await lookWhile(host, true, () => {
    for (let number = 0; number < DROPPED; number++) host.send(first(...dropped));
  });
  assert.deepEqual(
    findingsOf(report).map(({ id, evidence }) => [id, evidence[0]?.what, evidence[0]?.value]),
    [["rule-drop", `${place} (written by ${owner})`, text]],
  );
  assert.equal(report.drops.unexplained, 0, JSON.stringify(report.drops));
}

/** What the machine as a whole does is seen in every namespace, and other tests run beside this one. */
const OF_THE_MACHINE: ReadonlySet<string> = new Set([
  "backlog",
  "cpu-imbalance",
  "gc-lag",
  "log-flood",
  "neighbour-overflow",
  "resize-stall",
  "squeeze",
  "table-full",
]);

function findingsOf({ findings }: Report): Report["findings"] {
  return findings.filter(({ id }) => !OF_THE_MACHINE.has(id));
}

async function lookWhile({ namespace }: RuleHost, withoutTable: boolean, send: () => void): Promise<Report> {
  const onStep = (step: string): void => {
    if (step.startsWith("watching")) send();
  };
  return (await examine({ namespace, seconds: SECONDS, withoutTable, onStep })).report;
}

function answerTo(packet: Packet, [inInterface, source, port, destination]: NonNullable<Case["answer"]>): Packet {
  return { ...packet, inInterface, source, destination, sourcePort: port, destinationPort: packet.sourcePort ?? 0 };
}
