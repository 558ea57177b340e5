import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { desiredState, hostState, meddling, withdrawUplink } from "../../test/fake-kernel/arbitrary.ts";
import { FakeKernel, type FakeState } from "../../test/fake-kernel/kernel.ts";
import { FakeStore } from "../../test/fake-kernel/store.ts";
import type { DesiredState } from "../render/desired-state.ts";
import { applyIn, type ApplyOutcome } from "./apply.ts";
import type { StepEvent } from "./carry-out.ts";
import { removeIn } from "./remove.ts";
import { statusIn } from "./status.ts";

const now = (): string => "2026-01-01T00:00:00.000Z";

function apply(
  live: FakeKernel,
  store: FakeStore,
  desired: DesiredState,
  onStep?: (event: StepEvent) => void,
): ApplyOutcome {
  return applyIn({ live, store, now }, { desired, ...(onStep === undefined ? {} : { onStep }) });
}

function copy(live: FakeKernel): FakeKernel {
  return new FakeKernel(live.state);
}

/** Fails unless the kernel holds what the desired state asks for. */
function assertHolds(live: FakeKernel, desired: DesiredState): void {
  const { table, sysctls, links, addresses, routes, policyRules, proxyNeighbours } = live.state;
  assert.ok(table !== undefined);
  const elements = Object.entries(table.sets).map(([name, set]) => [name, Object.values(set.elements).toSorted()]);
  assert.deepEqual(
    Object.fromEntries(elements),
    Object.fromEntries(desired.ruleset.sets.map((set) => [set.name, set.elements.toSorted()])),
  );
  assert.deepEqual(
    Object.fromEntries(Object.entries(table.chains).map(([name, chain]) => [name, chain.rules])),
    Object.fromEntries(desired.ruleset.chains.map((chain) => [chain.name, chain.rules])),
  );
  assert.deepEqual(table.counters.toSorted(), desired.ruleset.counters.map(({ name }) => name).toSorted());
  for (const { name, value, atLeast } of desired.sysctls) {
    if (atLeast === true) assert.ok(Number(sysctls[name]) >= Number(value), name);
    else assert.equal(sysctls[name], value, name);
  }
  for (const name of desired.interfacesUp)
    assert.ok(
      links.some((link) => link.name === name && link.up),
      name,
    );
  for (const { interface: name, mtu, bond, vlan } of desired.links) {
    const link = links.find((one) => one.name === name);
    assert.ok(link !== undefined, name);
    if (mtu !== undefined) assert.equal(link.mtu, mtu);
    if (vlan !== undefined) assert.deepEqual(link.vlan, vlan);
    if (bond !== undefined) assert.deepEqual({ ...link.bond, ...bond.options }, link.bond);
    for (const member of bond?.members ?? []) {
      assert.equal(links.find((one) => one.name === member)?.master, name);
    }
  }
  for (const setting of desired.addresses) {
    assert.ok(
      addresses.some(
        (held) =>
          held.interface === setting.interface &&
          held.address === setting.address &&
          (held.length === setting.length || setting.length === 32),
      ),
      setting.address,
    );
  }
  for (const setting of desired.routes) {
    const { metric = 0, ...route } = setting;
    assert.ok(
      routes.some((held) => JSON.stringify(held) === JSON.stringify({ ...route, metric })),
      JSON.stringify(setting),
    );
  }
  for (const setting of desired.policyRules) {
    assert.ok(policyRules.some((held) => held.mark === setting.mark && held.priority === setting.priority));
  }
  for (const setting of desired.proxyNeighbours) {
    assert.ok(proxyNeighbours.some((held) => held.address === setting.address && held.interface === setting.interface));
  }
}

const scene = fc.tuple(hostState, desiredState, desiredState);

/** A namespace on which the first state was applied. */
function applied(host: Partial<FakeState>, first: DesiredState): { live: FakeKernel; store: FakeStore } {
  const live = new FakeKernel(host);
  const store = new FakeStore();
  const outcome = apply(live, store, first);
  assert.ok(outcome.outcome === "applied", JSON.stringify(outcome.problems));
  return { live, store };
}

test("from any state applied, any other is reached; again changes nothing; remove puts the host back", () => {
  fc.assert(
    fc.property(scene, ([host, first, second]) => {
      const { live, store } = applied(host, first);
      assertHolds(live, first);
      const outcome = apply(live, store, second);
      assert.ok(outcome.outcome === "applied" || outcome.outcome === "unchanged", JSON.stringify(outcome.problems));
      assertHolds(live, second);
      const [calls, generation] = [live.calls, live.generation()];
      assert.equal(apply(live, store, second).outcome, "unchanged");
      assert.deepEqual([live.calls, live.generation()], [calls, generation]);
      const status = statusIn({ live, store, now }, { desired: second });
      assert.deepEqual([status.state, status.drift, status.pending], ["in-place", [], []]);
      assert.equal(removeIn({ live, store, now }).outcome, "removed");
      assert.deepEqual(live.comparable(), new FakeKernel(host).comparable());
      assert.deepEqual([store.record, store.journal], [undefined, undefined]);
      assert.equal(removeIn({ live, store, now }).outcome, "nothing");
    }),
    { numRuns: 300 },
  );
});

test("failing at any step, before or after it, brings exactly the old state back", () => {
  fc.assert(
    fc.property(scene, ([host, first, second]) => {
      const start = applied(host, first);
      const old = start.live.comparable();
      for (const stage of ["before", "after"] as const) {
        for (let step = 1, of = 1; step <= of; step++) {
          const [live, store] = [copy(start.live), start.store.copy()];
          const outcome = apply(live, store, second, (event) => {
            of = event.of;
            // After the record is written there is nothing left to fail.
            if (event.step === step && event.stage === stage && !(stage === "after" && step === of)) {
              throw new Error("injected");
            }
          });
          if (outcome.outcome !== "failed") continue;
          assert.deepEqual(outcome.undone?.left, []);
          assert.deepEqual(live.comparable(), old, `step ${step} ${stage}`);
          assert.deepEqual([store.record, store.journal], [start.store.record, undefined]);
        }
      }
    }),
    { numRuns: 100 },
  );
});

test("a kernel that refuses any one call, or a record that cannot be written, brings the old state back", () => {
  fc.assert(
    fc.property(scene, ([host, first, second]) => {
      const start = applied(host, first);
      const old = start.live.comparable();
      for (let call = 1; ; call++) {
        const [live, store] = [copy(start.live), start.store.copy()];
        live.failCall = call;
        const outcome = apply(live, store, second);
        if (outcome.outcome !== "failed") break;
        assert.deepEqual(live.comparable(), old, `call ${call}: ${outcome.undone?.failedStep}`);
        assert.equal(outcome.undone?.complete, true);
      }
      const [live, store] = [copy(start.live), start.store.copy()];
      store.failRecord = 1;
      const outcome = apply(live, store, second);
      if (outcome.outcome === "failed") assert.deepEqual(live.comparable(), old);
    }),
    { numRuns: 100 },
  );
});

test("killed at any moment: status names it, the next apply repairs it, remove puts the host back", () => {
  fc.assert(
    fc.property(scene, ([host, first, second]) => {
      const start = applied(host, first);
      const moments: { live: FakeKernel; store: FakeStore }[] = [];
      const running = { live: copy(start.live), store: start.store.copy() };
      const finished = apply(running.live, running.store, second, () => {
        moments.push({ live: copy(running.live), store: running.store.copy() });
      });
      assert.ok(finished.outcome === "applied" || finished.outcome === "unchanged");
      for (const { live, store } of moments) {
        const left = { live: copy(live), store: store.copy() };
        assert.equal(statusIn({ ...left, now }).state, "interrupted");
        const repaired = apply(left.live, left.store, second);
        assert.ok(repaired.outcome === "applied" || repaired.outcome === "unchanged", JSON.stringify(repaired));
        assertHolds(left.live, second);
        assert.equal(statusIn({ ...left, now }).state, "in-place");
        removeIn({ ...left, now });
        assert.deepEqual(left.live.comparable(), new FakeKernel(host).comparable());

        const taken = { live: copy(live), store: store.copy() };
        assert.equal(removeIn({ ...taken, now }).outcome, "removed");
        assert.deepEqual(taken.live.comparable(), new FakeKernel(host).comparable());
      }
    }),
    { numRuns: 100 },
  );
});

test("an uplink that is out of use stays so while its route does, and is back when it goes", () => {
  fc.assert(
    fc.property(scene, ([host, first, second]) => {
      const { live, store } = applied(host, first);
      const untouched = new FakeKernel(host).comparable().withdrawn;
      withdrawUplink(live);
      assert.equal(apply(live, store, first).outcome, "unchanged");
      assert.equal(statusIn({ live, store, now }).state, "in-place");
      const [before] = first.routes.filter(({ table }) => table === 8101);
      const same = second.routes.some(
        (route) => route.table === 8101 && JSON.stringify(route) === JSON.stringify(before),
      );
      apply(live, store, second);
      assert.equal(live.isWithdrawn(8101) && !same, false);
      removeIn({ live, store, now });
      assert.deepEqual(live.comparable().withdrawn, untouched);
    }),
  );
});

test("whatever somebody else changed, apply puts it right, or fails and leaves it as they made it", () => {
  fc.assert(
    fc.property(scene, fc.array(meddling, { minLength: 1, maxLength: 4 }), ([host, first, second], changes) => {
      const start = applied(host, first);
      for (const change of changes) change(start.live);
      const meddled = start.live.comparable();

      const right = { live: copy(start.live), store: start.store.copy() };
      const outcome = apply(right.live, right.store, second);
      assert.ok(outcome.outcome === "applied" || outcome.outcome === "unchanged", JSON.stringify(outcome.problems));
      assertHolds(right.live, second);
      assert.equal(apply(right.live, right.store, second).outcome, "unchanged");
      assert.deepEqual(statusIn({ ...right, now }, { desired: second }).pending, []);

      for (let step = 1, of = 1; step <= of; step++) {
        const [live, store] = [copy(start.live), start.store.copy()];
        const failed = apply(live, store, second, (event) => {
          of = event.of;
          if (event.step === step && event.stage === "before") throw new Error("injected");
        });
        if (failed.outcome !== "failed") continue;
        assert.deepEqual(live.comparable(), meddled, `step ${step}`);
      }
    }),
    { numRuns: 200 },
  );
});

test("a remove killed at any moment is finished by the next remove", () => {
  fc.assert(
    fc.property(scene, ([host, first]) => {
      const start = applied(host, first);
      const moments: { live: FakeKernel; store: FakeStore }[] = [];
      removeIn(
        { ...start, now },
        { onStep: () => moments.push({ live: copy(start.live), store: start.store.copy() }) },
      );
      for (const { live, store } of moments) {
        assert.equal(statusIn({ live, store, now }).state, "interrupted");
        assert.equal(removeIn({ live, store, now }).outcome, "removed");
        assert.deepEqual(live.comparable(), new FakeKernel(host).comparable());
      }
    }),
    { numRuns: 100 },
  );
});
