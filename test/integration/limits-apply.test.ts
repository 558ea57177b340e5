import assert from "node:assert/strict";
import { test } from "node:test";
import { applyGateway } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { describeExemption } from "../../src/fastpath/policy/describe.ts";
import { readDeviceFacts } from "../../src/fastpath/read-device-facts.ts";
import { readPacketPolicy } from "../../src/fastpath/read-packet-policy.ts";
import { applyPlace, everything, type ApplyPlace } from "../fixtures/apply-namespace.ts";
import { linksFile } from "../fixtures/links-file.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

const LINKS = "  wan: { addresses: 61.138.177.2/27, gateway: 61.138.177.1 }\n  lan: { addresses: 10.10.0.1/16 }";
const NAT = "source-nat:\n  - { name: all, from: 10.10.1.0/28, out: wan, to: masquerade }\n";

function limited(limits: string) {
  return linksFile(LINKS, `${NAT}limits:\n${limits}`);
}

/** Rates for five, connection limits for all, a port in reserve. */
function group(down: string, connections = 100): string {
  return `  per-subscriber: { connections: ${connections}, new-connections: 50/s }
  groups: [{ name: few, members: 10.10.1.0-10.10.1.4, down: 50mbit, per-subscriber: { down: ${down} } }]
  reserve: { management-ports: [22] }\n`;
}

function queue({ namespace }: ApplyPlace, device: string): string {
  return run(namespace, "tc", "qdisc", "show", "dev", device);
}

/** Classes as `4d4e:2 10Mbit`, in order. */
function classes({ namespace }: ApplyPlace, device: string): string[] {
  const lines = run(namespace, "tc", "class", "show", "dev", device).trim().split("\n");
  return lines.map((line) => line.replace(/^class htb (\S+) .* ceil (\S+) .*$/, "$1 $2")).toSorted();
}

test("only the difference is touched when limits come, change and go", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const before = everything(place);
  const first = applyGateway({ ...place, desired: limited(group("10mbit")) });
  assert.equal(first.outcome, "applied", JSON.stringify(first.problems));
  assert.ok(first.changes.includes("shape what leaves by lan, in 7 classes"), first.changes.join("\n"));
  assert.match(queue(place, "lan"), /^qdisc htb 4d4e: root .*default 0xfffe/);
  assert.doesNotMatch(queue(place, "wan"), /htb/);
  const [one, ...others] = classes(place, "lan");
  assert.match(one ?? "", /^4d4e:100 10093Kbit$/);
  assert.deepEqual(
    others.map((line) => line.split(" ")[0]),
    ["4d4e:101", "4d4e:102", "4d4e:103", "4d4e:104", "4d4e:fffd", "4d4e:ffff"],
  );

  const same = applyGateway({ ...place, desired: limited(group("10mbit")) });
  assert.deepEqual([same.outcome, same.changes], ["unchanged", []]);
  assert.equal(gatewayStatus(place).state, "in-place");

  const faster = applyGateway({ ...place, desired: limited(group("20mbit")) });
  assert.deepEqual(faster.changes, ["set classes of what leaves by lan: 5 changed"]);
  assert.match(classes(place, "lan")[0] ?? "", /^4d4e:100 20186Kbit$/);

  const fewer = applyGateway({ ...place, desired: limited(group("20mbit", 90)) });
  assert.deepEqual(fewer.changes, [
    "delete set held_group_few.100",
    "delete set held_everybody.100",
    "add set held_group_few.90 with 0 elements",
    "add set held_everybody.90 with 0 elements",
    "replace chain limit_group_few",
    "replace chain limit_everybody",
  ]);

  const more = limited(group("20mbit", 90).replace("10.10.1.4", "10.10.1.5"));
  assert.deepEqual(applyGateway({ ...place, desired: more }).changes, [
    "set classes of what leaves by lan: 1 new",
    "delete 1 element from set shaped_lan",
    "add 1 element to set shaped_lan",
    "add 1 element to map class_lan",
    "delete 1 element from set limited_group_few",
    "add 1 element to set limited_group_few",
    "delete 1 element from set limited_everybody",
    "add 1 element to set limited_everybody",
  ]);

  const none = linksFile(LINKS, NAT);
  const gone = applyGateway({ ...place, desired: none });
  assert.equal(gone.outcome, "applied");
  assert.ok(gone.changes.includes("shape what leaves by lan no more"));
  assert.match(queue(place, "lan"), /noqueue/);
  assert.equal(applyGateway({ ...place, desired: more }).outcome, "applied");
  assert.equal(removeGateway(place).outcome, "removed");
  assert.doesNotMatch(queue(place, "lan"), /htb/);
  assert.deepEqual(everything(place), before);
});

test("connections of one class take turns, where the kernel has fq_codel", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const desired = limited(group("2mbit"));
  assert.equal(applyGateway({ ...place, desired }).outcome, "applied");
  const leaves = queue(place, "lan").split("\n").slice(1).filter(Boolean);
  if (!hasFairQueues(place)) {
    assert.deepEqual(leaves, []);
    t.skip("this kernel has no fq_codel");
    return;
  }
  const ofClass = new Map(leaves.map((line) => [/parent (\S+)/.exec(line)?.[1] ?? "", line]));
  assert.deepEqual(new Set(ofClass.keys()), new Set(["4d4e:100", "4d4e:101", "4d4e:102", "4d4e:103", "4d4e:104"]));
  // A slow class may let a packet wait as long as two take to leave: 12 ms at 2 Mbit/s.
  assert.match(ofClass.get("4d4e:100") ?? "", /^qdisc fq_codel .*limit 1000p flows 64 .*target 12ms interval 240ms/);
  assert.equal(applyGateway({ ...place, desired }).outcome, "unchanged");
  assert.equal(removeGateway(place).outcome, "removed");
});

function hasFairQueues({ namespace }: ApplyPlace): boolean {
  try {
    run(namespace, "tc", "qdisc", "add", "dev", "lo", "root", "fq_codel");
    run(namespace, "tc", "qdisc", "delete", "dev", "lo", "root");
    return true;
  } catch {
    return false;
  }
}

test("what others do to queue and sets is seen or is nobody's matter", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const desired = limited(group("10mbit"));
  applyGateway({ ...place, desired });
  // Rules themselves put elements there.
  run(place.namespace, "nft", "add element ip meganat refused_connections { 10.10.1.9 counter packets 3 bytes 9 }");
  assert.equal(gatewayStatus(place).state, "in-place");
  run(
    place.namespace,
    ...("tc class change dev lan parent 4d4e:fffd classid 4d4e:102 htb rate 1mbit".split(" ") as [string]),
  );
  assert.deepEqual(
    gatewayStatus(place).drift.map(({ code, message }) => [code, message]),
    [["classes-changed", "1 class of what leaves by lan changed"]],
  );
  assert.deepEqual(applyGateway({ ...place, desired }).changes, ["set classes of what leaves by lan: 1 changed"]);
  run(place.namespace, "tc", "qdisc", "del", "dev", "lan", "root");
  assert.deepEqual(
    gatewayStatus(place).drift.map(({ code }) => code),
    ["shaping-gone"],
  );
  assert.deepEqual(applyGateway({ ...place, desired }).changes, ["shape what leaves by lan, in 7 classes"]);
});

test("a queue that somebody else put there is left, and says why", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  run(
    place.namespace,
    ...("tc qdisc add dev lan root handle 1: tbf rate 9mbit burst 10k latency 10ms".split(" ") as [string]),
  );
  const before = everything(place);
  const outcome = applyGateway({ ...place, desired: limited(group("10mbit")) });
  assert.deepEqual([outcome.outcome, outcome.problems.map(({ code }) => code)], ["refused", ["queue-of-another"]]);
  assert.match(outcome.problems[0]?.message ?? "", /lan has a queue that somebody else put there \(tbf 1:\)/);
  assert.match(queue(place, "lan"), /^qdisc tbf 1: root/);
  assert.deepEqual(everything(place), before);
});

test("what a failed apply had shaped is as before", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  applyGateway({ ...place, desired: limited(group("10mbit")) });
  const [before, then] = [everything(place), classes(place, "lan")];
  const desired = limited(group("20mbit", 7).replace("10.10.1.4", "10.10.1.9"));
  const outcome = applyGateway({
    ...place,
    desired,
    onStep: ({ step, of, stage }) => {
      if (step === of && stage === "before") throw new Error("on purpose");
    },
  });
  assert.deepEqual([outcome.outcome, outcome.undone?.complete], ["failed", true]);
  assert.deepEqual(classes(place, "lan"), then);
  const { ruleset, ...rest } = before;
  const { ruleset: now, ...same } = everything(place);
  assert.deepEqual(same, rest);
  // nft lists sets in the order in which they were made.
  assert.deepEqual(now?.split("\n").toSorted(), ruleset?.split("\n").toSorted());
});

test("the fast path leaves to the kernel what is shaped, and nothing else", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const exempt = (): string[] => {
    const devices = readDeviceFacts(place.namespace, ["wan", "lan"]);
    return readPacketPolicy(place.namespace, devices).exemptions.map(describeExemption).toSorted();
  };
  const limits = "  per-subscriber: { connections: 100, new-connections: 50/s }\n";
  applyGateway({ ...place, desired: limited(`${limits}  reserve: { management-ports: [22] }\n`) });
  assert.deepEqual(exempt(), []);
  applyGateway({ ...place, desired: limited(group("10mbit")) });
  assert.deepEqual(exempt(), [
    "packets to 10.10.1.0/30 that leave by lan",
    "packets to 10.10.1.4/32 that leave by lan",
  ]);
  applyGateway({ ...place, desired: limited("  line: { up: 100mbit }\n") });
  assert.deepEqual(exempt(), ["IPv4 packets that leave by wan"]);
});
