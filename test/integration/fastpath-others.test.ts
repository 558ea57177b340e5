import assert from "node:assert/strict";
import { it } from "node:test";
import { memorySize } from "../../src/fastpath/memory-size.ts";
import { loadPrograms } from "../../src/fastpath/programs.ts";
import { readDeviceFacts } from "../../src/fastpath/read-device-facts.ts";
import { turnOffFastPath } from "../../src/fastpath/turn-off.ts";
import { attachTraffic } from "../../src/kernel/bpf/traffic-hook.ts";
import { Conversation, everyKind, type Ends } from "../fixtures/fast-path/conversation.ts";
import { openWire, RULES } from "../fixtures/fast-path/wire.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

/** Nothing is asked of the kernel again while a test runs. */
const LASTING = { fresh: 600, longest: 3600 } as const;

for (const path of ["xdp", "tc"] as const) {
  it(
    `rules that have to see each packet keep the ports they ask for, translated or not, and no others: ${path}`,
    NEEDS_ROOT,
    async (t) => {
      const rules = "tcp dport 80 ip dscp set cs1; udp dport 5060-5061 ip dscp set ef; th sport 4003 ip dscp set af11;";
      const wire = openWire(
        t,
        `${RULES}\ntable ip mangle { chain forward { type filter hook forward priority mangle; ${rules} }; }\n`,
      );
      // Otherwise what is remembered of UDP lasts for half of two minutes, and may be asked about.
      run(wire.gateway, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout_stream=36000");
      wire.turnOn(path, LASTING);
      const kinds = everyKind(wire);
      const udp = kinds["UDP, source translated"] ?? assert.fail();
      /** Whether packets there and back went past netfilter. */
      const cases: readonly [string, Ends, boolean, boolean][] = [
        // 8080, which is translated to 80: only what goes to the server is asked for.
        ["to a forwarded port", kinds["TCP, forwarded to another port"] ?? assert.fail(), false, true],
        ["from a port", kinds["TCP, source translated"] ?? assert.fail(), false, true],
        ["to a port", { ...udp, destinationPort: 5061 }, false, true],
        ["to the port behind", { ...udp, destinationPort: 5062, sourcePort: 4102 }, true, true],
        ["to the port before", { ...udp, destinationPort: 5059, sourcePort: 4103 }, true, true],
        ["IPv6, which the rules do not see", kinds["TCP over IPv6"] ?? assert.fail(), true, true],
      ];
      const conversations = await Conversation.openAll(cases.map(([, ends]) => ends));
      for (const [index, [what, { caller, callee }, there, back]] of cases.entries()) {
        const forwarded = (): number[] => [caller, callee].map((end) => wire.count(end.interface, "forwarded"));
        const [before = 0, answersBefore = 0] = forwarded();
        for (let round = 0; round < 5; round++) {
          await conversations[index]?.callAndArrive();
          await conversations[index]?.answerAndArrive();
        }
        const [after = 0, answersAfter = 0] = forwarded();
        assert.deepEqual([after - before, answersAfter - answersBefore], [there ? 5 : 0, back ? 5 : 0], what);
      }
    },
  );
}

/** Ways of others to look at what comes in by lan; gives what takes it away, nothing where the kernel has no such way. */
const OTHERS: Record<string, (netns: string) => (() => void) | undefined> = {
  "a program attached as a link (tcx)": (netns) => {
    const programs = loadPrograms(netns, [], 1, memorySize(1000, 2 ** 30));
    const hook = attachTraffic(netns, "lan", "ingress", programs.program("tick"));
    const remove = () => {
      hook.close();
      programs.close();
    };
    if (hook.kind === "link") return remove;
    remove();
    return undefined;
  },
  "a tc filter": (netns) => {
    const place = ["dev", "lan", "ingress", "pref", "1"];
    const [qdisc] = run(netns, "tc", "qdisc", "show", "dev", "lan", "clsact").split("\n");
    if (qdisc === "") run(netns, "tc", "qdisc", "add", "dev", "lan", "clsact");
    run(netns, "tc", "filter", "add", ...place, "protocol", "ip", ..."u32 match u32 0 0 flowid :1".split(" "));
    return () => void run(netns, "tc", "filter", "delete", ...place);
  },
};

for (const path of ["xdp", "tc"] as const) {
  for (const [name, attach] of Object.entries(OTHERS)) {
    it(`${name} of others keeps its packets, and our own are no others: ${path}`, NEEDS_ROOT, async (t) => {
      const wire = openWire(t);
      const netns = wire.gateway;
      const seen = (): [boolean, boolean][] =>
        readDeviceFacts(netns, ["lan", "wan"]).map((facts) => [facts.ingressFilters, facts.egressFilters]);
      wire.turnOn(path, LASTING);
      assert.deepEqual(seen(), [
        [false, false],
        [false, false],
      ]);
      turnOffFastPath({ netns });
      const remove = attach(netns);
      if (remove === undefined) {
        t.skip("this kernel attaches tc programs only as filters");
        return;
      }
      try {
        wire.turnOn(path, LASTING);
        assert.deepEqual(seen(), [
          [true, false],
          [false, false],
        ]);
        const tcp = await Conversation.open(everyKind(wire)["TCP, source translated"] ?? assert.fail());
        for (let round = 0; round < 5; round++) {
          await tcp.callAndArrive();
          await tcp.answerAndArrive();
        }
        assert.equal(wire.count("lan", "forwarded"), 0);
        assert.equal(wire.count("wan", "forwarded"), 5);
      } finally {
        turnOffFastPath({ netns });
        remove();
      }
    });
  }
}
