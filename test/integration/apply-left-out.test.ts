import assert from "node:assert/strict";
import { test } from "node:test";
import { applyGateway, type ApplyOutcome } from "../../src/apply/apply.ts";
import { removeGateway } from "../../src/apply/remove.ts";
import { gatewayStatus } from "../../src/apply/status.ts";
import { hasFeature } from "../../src/kernel/features.ts";
import { applyPlace, everything, type ApplyPlace } from "../fixtures/apply-namespace.ts";
import { linksFile } from "../fixtures/links-file.ts";
import { NEEDS_ROOT, ownNamespace, run } from "../fixtures/own-namespaces.ts";

const LAN = "  lan: { addresses: 10.10.0.1/16 }";

function codes({ leftOut }: Pick<ApplyOutcome, "leftOut">): string[] {
  return leftOut.map(({ code }) => code);
}

/** The addresses, routes and links that are up, as `ip` shows them. */
function upAndAddressed({ namespace }: ApplyPlace): string[] {
  const lines = run(namespace, "ip", "-brief", "-4", "address", "show", "up").trim().split("\n");
  return lines
    .map((line) => line.replace(/@\S+/, "").split(/\s+/))
    .map(([name, , ...rest]) => `${name} ${rest.join(" ")}`.trimEnd());
}

test(
  "a missing card leaves its link out whole, and all else comes up; with the card the rest follows",
  NEEDS_ROOT,
  (t) => {
    const place = applyPlace(t);
    const desired = linksFile(
      `  wan: { addresses: 61.138.177.2/27, gateway: 61.138.177.1 }\n  spare: { interface: eth9, mtu: 1400, addresses: 192.0.2.2/24, routes: [{ to: 198.51.100.0/24, via: 192.0.2.9 }] }\n${LAN}`,
    );
    const outcome = applyGateway({ ...place, desired });
    assert.deepEqual([outcome.outcome, codes(outcome)], ["applied", ["interface-missing"]]);
    assert.match(outcome.leftOut[0]?.message ?? "", /^there is no interface eth9 here; it is left out/);
    const up = upAndAddressed(place).filter((line) => /^(wan|lan) /.test(line));
    assert.deepEqual(up, ["wan 61.138.177.2/27", "lan 10.10.0.1/16"]);
    assert.match(run(place.namespace, "ip", "route"), /^default via 61\.138\.177\.1 dev wan/);
    assert.deepEqual(codes(gatewayStatus(place)), ["interface-missing"]);

    run(place.namespace, "ip", "link", "add", "eth9", "type", "veth", "peer", "name", "eth9-far");
    const second = applyGateway({ ...place, desired });
    assert.deepEqual(
      [second.outcome, second.leftOut, second.changes],
      [
        "applied",
        [],
        [
          "set MTU of eth9 1500 -> 1400",
          "bring eth9 up",
          "add address 192.0.2.2/24 to eth9",
          "add route 198.51.100.0/24 via 192.0.2.9 dev eth9",
        ],
      ],
    );
    assert.deepEqual(codes(gatewayStatus(place)), []);
    assert.equal(removeGateway(place).outcome, "removed");
  },
);

test("an address that another machine has is left out, with the machine's MAC; the others come", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  const far = ownNamespace(t);
  const { namespace } = place;
  run(namespace, "ip", "link", "set", "wan-far", "netns", far);
  run(far, "ip", "link", "set", "wan-far", "address", "02:00:00:00:00:77", "up");
  run(far, "ip", "address", "add", "61.138.177.4/27", "dev", "wan-far");
  const before = everything(place);
  const desired = linksFile(`  wan: { addresses: [61.138.177.2-61.138.177.5/27], gateway: 61.138.177.1 }\n${LAN}`);
  const outcome = applyGateway({ ...place, desired, askTheWire: true });
  assert.deepEqual([outcome.outcome, codes(outcome)], ["applied", ["address-in-use"]]);
  assert.match(
    outcome.leftOut[0]?.message ?? "",
    /^61\.138\.177\.4 is in use already on wan, by .* 02:00:00:00:00:77;/,
  );
  assert.deepEqual(
    upAndAddressed(place).filter((line) => line.startsWith("wan ")),
    ["wan 61.138.177.2/27 61.138.177.3/27 61.138.177.5/27"],
  );
  run(far, "ip", "address", "del", "61.138.177.4/27", "dev", "wan-far");
  const second = applyGateway({ ...place, desired, askTheWire: true });
  assert.deepEqual([second.leftOut, second.changes], [[], ["add address 61.138.177.4/27 to wan"]]);
  assert.equal(removeGateway(place).outcome, "removed");
  assert.deepEqual(everything(place), before);
});

test("a link without carrier comes up all the same, and is named", NEEDS_ROOT, (t) => {
  const place = applyPlace(t);
  run(place.namespace, "ip", "link", "set", "wan-far", "down");
  const desired = linksFile(`  wan: { addresses: 61.138.177.2/27, gateway: 61.138.177.1 }\n${LAN}`);
  const outcome = applyGateway({ ...place, desired, askTheWire: true });
  assert.deepEqual(
    [outcome.outcome, outcome.leftOut, outcome.notices.map(({ message }) => message)],
    ["applied", [], ["wan is up and has no carrier: nothing gets through"]],
  );
});

const LACKS_BONDING = hasFeature("bonding") ? { skip: "this kernel has bonding: nothing is left out" } : NEEDS_ROOT;

test(
  "a kernel without bonding and VLANs: those links are left out, with the remedy, and all else comes up",
  LACKS_BONDING,
  (t) => {
    const place = applyPlace(t);
    const before = everything(place);
    const desired = linksFile(
      `  wan: { addresses: 61.138.177.2/27, gateway: 61.138.177.1 }\n  two: { interface: bond0, bond: { members: [wan-far, lan-far], mode: 802.3ad }, addresses: 192.0.2.1/24 }\n  tagged: { interface: v7, vlan: { on: lan, id: 7 }, addresses: 192.0.3.1/24 }\n${LAN}`,
    );
    const outcome = applyGateway({ ...place, desired });
    assert.deepEqual([outcome.outcome, codes(outcome)], ["applied", ["kernel-without-bonding", "kernel-without-vlan"]]);
    assert.match(outcome.leftOut[0]?.fix ?? "", /modprobe bonding/);
    assert.deepEqual(
      upAndAddressed(place).filter((line) => /^(wan|lan|bond0|v7) /.test(line)),
      ["wan 61.138.177.2/27", "lan 10.10.0.1/16"],
    );
    assert.equal(gatewayStatus(place).state, "in-place");
    assert.equal(removeGateway(place).outcome, "removed");
    assert.deepEqual(everything(place), before);
  },
);
