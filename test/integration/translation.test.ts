import assert from "node:assert/strict";
import { describe, it, before, after } from "node:test";
import { BLOCKS, MASQUERADED, SHARED, TWICE, type Exchange } from "./translation/exchange.ts";
import { blocksGateway, MASQUERADE, SHARED_POOL, TWICE_NAT } from "./translation/gateways.ts";
import { conntrackLines, openStage, perform, type IptablesProgram, type Stage } from "./translation/stage.ts";

interface Setting {
  readonly name: string;
  readonly id: string;
  readonly file: string;
  readonly exchanges: readonly Exchange[];
  /** Programs that load the iptables form of the same gateway, one after the other. */
  readonly iptables?: readonly IptablesProgram[];
}

const IPTABLES = ["iptables-nft-restore", "iptables-legacy-restore"] as const;

const STAGES: readonly Setting[] = [
  {
    name: "port blocks, pool addresses on the link",
    id: "addr",
    file: blocksGateway("address"),
    exchanges: BLOCKS,
    iptables: IPTABLES,
  },
  { name: "port blocks, proxy ARP", id: "arp", file: blocksGateway("proxy-arp"), exchanges: BLOCKS },
  { name: "port blocks, routed pool", id: "route", file: blocksGateway("route"), exchanges: BLOCKS },
  { name: "shared pool", id: "shared", file: SHARED_POOL, exchanges: SHARED, iptables: IPTABLES },
  { name: "masquerade", id: "masq", file: MASQUERADE, exchanges: MASQUERADED, iptables: IPTABLES },
  { name: "twice NAT of overlapping networks", id: "twice", file: TWICE_NAT, exchanges: TWICE, iptables: IPTABLES },
];

for (const { name, id, file, exchanges, iptables = [] } of STAGES) {
  describe(`translation: ${name}`, () => {
    let stage: Stage;
    before(async () => {
      stage = await openStage(file, `t${process.pid}-${id}`);
    });
    after(() => stage.close());

    describe("by our own table", () => {
      everyExchange(() => stage, exchanges);
    });
    for (const program of iptables) {
      describe(`by ${program}`, () => {
        before(() => stage.replaceRules(program));
        everyExchange(() => stage, exchanges);
      });
    }
  });
}

// Each exchange is proven three times: the client gets its answer, tcpdump sees the translated packet at the far end,
// and conntrack prints the entry.
function everyExchange(on: () => Stage, exchanges: readonly Exchange[]): void {
  for (const exchange of exchanges) {
    it(`${exchange.by}: ${exchange.what}`, async () => {
      const stage = on();
      await perform(stage.clients[exchange.by], exchange);

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
    });
  }

  it("no inside address was seen outside but where the file says so", () => {
    const leaks = on()
      .captures.outside.lines()
      .filter((line) => /\b(10\.10\.\d+|192\.168\.0)\.\d+(\.\d+)? > /.test(line) && !/ > 192\.0\.2\./.test(line));
    assert.deepEqual(leaks, []);
  });
}
