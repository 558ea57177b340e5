import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Explanation, TranslationWords } from "../../src/diagnose/explain/explanation.ts";
import { countedBetween } from "../../src/diagnose/rules/counters.ts";
import { readRuleset } from "../../src/diagnose/rules/read-ruleset.ts";
import type { Ruleset } from "../../src/diagnose/rules/ruleset.ts";
import type { FlowTuple } from "../../src/diagnose/signals/table.ts";
import { lookupConnection } from "../../src/kernel/conntrack/lookup.ts";
import { readRulesetSources } from "../../src/kernel/ruleset/read.ts";
import type { LabClient } from "../../src/lab/client/lab-client.ts";
import { buildScene, type Scene } from "../../src/lab/drill/scene.ts";
import { CASES, exchange, look, PLACES, sendOne } from "../fixtures/explained.ts";
import { NEEDS_ROOT } from "../fixtures/own-namespaces.ts";

// What explain says a connection will meet, and then the connection: the kernel's counters and table must agree.

for (const place of PLACES) {
  let scene: Scene;
  let clients: Readonly<Record<"inside" | "outside", LabClient>>;

  before(async () => {
    if (NEEDS_ROOT.skip !== false) return;
    scene = await buildScene(...(place.file === undefined ? [] : [place.file]));
    place.load(scene);
    clients = { inside: await scene.client("inside"), outside: await scene.client("outside") };
  });
  after(async () => {
    if (NEEDS_ROOT.skip === false) await scene.close();
  });

  for (const one of CASES.filter(({ only }) => only === undefined || only.test(place.name))) {
    test(`${place.name}: ${one.name}`, NEEDS_ROOT, async () => {
      const foreseen = (await look(scene.gateway)).explain(one.target);
      assert.equal(foreseen.kind, "new");
      const rules = read(scene.gateway);
      if (one.dropped === undefined) {
        assert.equal(foreseen.passes, "yes", foreseen.verdict);
        await exchange(clients[one.from], one.target);
      } else {
        assert.equal(foreseen.passes, "no");
        assert.match(foreseen.ways[0]?.text ?? "", one.dropped);
        await sendOne(scene, one);
      }
      const found = (await look(scene.gateway)).explain(one.target);
      const counted = countedBetween(rules, read(scene.gateway));
      assert.equal(found.kind, one.dropped === undefined ? "connection" : "new");
      const said = [...countedRules(foreseen), ...(one.dropped === undefined ? countedRules(found) : [])];
      const counting = new Set(counted.flatMap(({ rule }) => rule?.id ?? []));
      // Named counters are not a rule's own.
      const named = new Set(said.filter((id) => counting.has(id)));
      assert.deepEqual(
        counted.flatMap(({ rule, packets }) => (rule !== undefined && packets > 0 ? [rule.id] : [])).toSorted(),
        [...named].toSorted(),
      );
      if (one.dropped === undefined) checkTranslation(scene.gateway, one.target.tuple, foreseen, found);
    });
  }
}

function read(namespace: string): Ruleset {
  return readRuleset(readRulesetSources(namespace));
}

/** Rules that are said to count the packet; nothing may be said to count perhaps. */
function countedRules({ ways }: Explanation): string[] {
  return ways.flatMap(({ steps }) =>
    steps.flatMap((step) => {
      if (step.kind === "route") return [];
      assert.deepEqual(
        step.rules.filter(({ counts, matches }) => counts === "perhaps" || matches === "perhaps"),
        [],
      );
      return step.rules.filter(({ counts }) => counts === "yes").map(({ id }) => id);
    }),
  );
}

/** What was foreseen holds the translation in the table, and afterwards the same rule is named for it. */
function checkTranslation(namespace: string, tuple: FlowTuple, foreseen: Explanation, found: Explanation): void {
  const { protocol } = foreseen;
  const entry = lookupConnection(namespace, { protocol, ...tuple });
  assert.ok(entry !== undefined);
  const { original, reply } = entry;
  const made = [
    ["destination", original.destination, original.destinationPort, reply.source, reply.sourcePort],
    ["source", original.source, original.sourcePort, reply.destination, reply.destinationPort],
  ] as const;
  const sides = made.filter(([, from, fromPort, to, toPort]) => from !== to || fromPort !== toPort);
  assert.deepEqual(
    foreseen.translations.map(({ side }) => side),
    sides.map(([side]) => side),
  );
  for (const [index, [, , , address, port]] of sides.entries()) {
    const said: TranslationWords | undefined = foreseen.translations[index];
    assert.equal(said?.certainty, "yes");
    assert.ok(
      said.addresses.some(({ first, last }) => number(address) >= number(first) && number(address) <= number(last)),
      `${address} is not among ${JSON.stringify(said.addresses)}`,
    );
    const { first = 0, last = 0 } = said.ports ?? {};
    assert.ok(port >= first && port <= last, `port ${port} is not in ${first}-${last}`);
    assert.equal(found.translations[index]?.to, `${address}:${port}`);
    assert.deepEqual(found.translations[index]?.rule, said.rule);
  }
}

function number(address: string): number {
  return address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
}
