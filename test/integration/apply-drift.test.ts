import assert from "node:assert/strict";
import { test } from "node:test";
import { applyGateway } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { applyPlace, everything, smallGateway } from "../fixtures/apply-namespace.ts";
import { NEEDS_ROOT, run } from "../fixtures/own-namespaces.ts";

/** Somebody's command, and what status says of it. */
const MEDDLING: readonly (readonly [command: string, message: string])[] = [
  [
    "nft delete element ip meganat blocks_campus { 10.10.1.3 }",
    "1 element missing from map blocks_campus: 10.10.1.3 : 61.138.177.3 . 1408-1535",
  ],
  [
    "nft add element ip meganat from_guests { 10.9.0.0/24 }",
    "1 element in set from_guests that nobody applied: 10.9.0.0/24",
  ],
  ["nft flush chain ip meganat guard", "chain guard was changed"],
  ["nft insert rule ip meganat postrouting counter", "chain postrouting was changed"],
  ["nft add chain ip meganat extra", "chain extra was added"],
  ["nft 'add set ip meganat extra { type ipv4_addr ; }'", "set extra was added"],
  ["nft add counter ip meganat extra", "counter extra was added"],
  ["nft delete table ip meganat", "table ip meganat is gone: nothing is translated"],
  ["sysctl -qw net.ipv4.ip_forward=0", "net.ipv4.ip_forward is 0, apply had set it to 1"],
  ["ip address del 61.138.177.4/32 dev wan", "address 61.138.177.4/32 is gone from wan"],
  ["ip route del default", "route 0.0.0.0/0 via 61.138.177.1 dev wan is gone"],
  ["ip neigh del proxy 198.51.100.9 dev wan", "198.51.100.9 on wan is not answered for any more"],
  ["ip link set lan down", "lan is down or gone"],
];

test("what somebody changes is named with its fix, and the next apply puts it right", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const desired = smallGateway();
  const before = everything(place);
  applyGateway({ ...place, desired });
  const applied = everything(place);
  for (const [command, message] of MEDDLING) {
    run(place.namespace, "sh", "-c", command);
    const status = gatewayStatus({ ...place, desired });
    assert.equal(status.state, "drifted", command);
    assert.ok(
      status.drift.some((drift) => drift.message === message && drift.fix !== ""),
      JSON.stringify(status.drift),
    );
    assert.notDeepEqual(status.pending, [], command);
    const outcome = applyGateway({ ...place, desired });
    assert.equal(outcome.outcome, "applied", `${command}: ${JSON.stringify(outcome.problems)}`);
    assert.deepEqual(everything(place), applied, command);
    assert.deepEqual(gatewayStatus(place).drift, [], command);
  }
  assert.equal(removeGateway(place).outcome, "removed");
  assert.deepEqual(everything(place), before);
});

test("what somebody changed for good is left by remove, and named", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const { namespace } = place;
  applyGateway({ ...place, desired: smallGateway() });
  run(namespace, "sysctl", "-qw", "net.netfilter.nf_conntrack_udp_timeout=77");
  run(namespace, "ip", "address", "add", "192.0.2.1/24", "dev", "lan");
  run(namespace, "nft", "add", "table", "ip", "theirs");
  const removed = removeGateway(place);
  assert.equal(removed.outcome, "removed");
  assert.deepEqual(removed.notices.map(({ message }) => message).toSorted(), [
    "lan stays up: 192.0.2.1/24 came onto it since",
    "net.netfilter.nf_conntrack_udp_timeout is 77: someone changed it after it was set to 120; left",
  ]);
  assert.equal(run(namespace, "sysctl", "-n", "net.netfilter.nf_conntrack_udp_timeout"), "77\n");
  assert.match(run(namespace, "ip", "-brief", "address"), /lan@\S+ +UP +192\.0\.2\.1\/24/);
  assert.equal(run(namespace, "nft", "list", "tables"), "table ip theirs\n");
});

test("NAT chains of others that run before ours are named", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  run(
    place.namespace,
    "sh",
    "-c",
    "nft 'add table ip docker; add chain ip docker POST { type nat hook postrouting priority 100 ; }'",
  );
  applyGateway({ ...place, desired: smallGateway() });
  const { state, notices } = gatewayStatus(place);
  assert.equal(state, "in-place");
  assert.deepEqual(
    notices.map(({ message }) => message),
    [
      "chain ip docker POST (postrouting, priority 100) may translate a connection before meganat's postrouting sees it",
    ],
  );
});
