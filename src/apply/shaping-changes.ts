import type { DesiredState, TrafficClass } from "../render/desired-state.ts";
import { QUEUE_HANDLE } from "../render/limits/shaping.ts";
import type { ShapingChange } from "./change.ts";
import type { LiveState } from "./live-state.ts";
import { sameSetting, type Owned } from "./record.ts";
import type { Remarks } from "./remark.ts";

/** Queues to put at interfaces, classes to change in ours, and queues of ours to take away. */
export function shapingChanges(
  state: Pick<LiveState, "queues" | "classes">,
  owned: Pick<Owned, "shaping">,
  desired: Pick<DesiredState, "shaping">,
  remarks: Pick<Remarks, "problems">,
): { needed: ShapingChange[]; obsolete: ShapingChange[] } {
  const needed = desired.shaping.flatMap(({ interface: device, classes }): ShapingChange[] => {
    const queue = state.queues.find((one) => one.interface === device);
    if (queue === undefined || queue.handle === 0) {
      return [{ kind: "shaping", action: "add", interface: device, from: [], to: classes }];
    }
    if (queue.handle === QUEUE_HANDLE) return classChanges(device, state.classes.get(device) ?? [], classes);
    const handle = `${queue.handle.toString(16)}:`;
    remarks.problems.push({
      code: "queue-of-another",
      message: `${device} has a queue that somebody else put there (${queue.kind} ${handle}); limits of the file need their own in its place`,
      fix: `take it away (tc qdisc del dev ${device} root), or take the rates out of the file's limits`,
    });
    return [];
  });
  return { needed, obsolete: shapingBack(state, owned, desired) };
}

/** Queues of ours to take away: all, or those nobody wants any more. */
export function shapingBack(
  state: Pick<LiveState, "queues" | "classes">,
  owned: Pick<Owned, "shaping">,
  desired: Pick<DesiredState, "shaping"> = { shaping: [] },
): ShapingChange[] {
  return owned.shaping
    .filter((own) => !desired.shaping.some((setting) => setting.interface === own.interface))
    .filter((own) => hasOurQueue(state, own.interface))
    .map(({ interface: device }) => ({
      kind: "shaping",
      action: "remove",
      interface: device,
      from: parentsFirst(state.classes.get(device) ?? []),
      to: [],
    }));
}

/** Says whether what leaves by the interface waits in a queue of ours. */
export function hasOurQueue({ queues }: Pick<LiveState, "queues">, device: string): boolean {
  return queues.some((queue) => queue.interface === device && queue.handle === QUEUE_HANDLE);
}

function classChanges(device: string, now: readonly TrafficClass[], wanted: readonly TrafficClass[]): ShapingChange[] {
  const { from, to } = classDifference(now, wanted);
  if (from.length + to.length === 0) return [];
  return [{ kind: "shaping", action: "set", interface: device, from, to }];
}

/** The classes that are not as they shall be, as they are and as they shall be. */
export function classDifference(
  now: readonly TrafficClass[],
  wanted: readonly TrafficClass[],
): { from: TrafficClass[]; to: TrafficClass[] } {
  const there = new Map(now.map((one) => [one.number, one]));
  const next = new Map(wanted.map((one) => [one.number, one]));
  const differs = (one: TrafficClass, other: TrafficClass | undefined): boolean =>
    other === undefined || !sameClass(one, other);
  return {
    from: parentsFirst(now.filter((one) => differs(one, next.get(one.number)))),
    to: wanted.filter((one) => differs(one, there.get(one.number))),
  };
}

/** Whether it is a leaf follows from the others: it changes when they do. */
function sameClass(one: TrafficClass, other: TrafficClass): boolean {
  return sameSetting({ ...one, isLeaf: true }, { ...other, isLeaf: true });
}

/** The classes after the change: those it names are as it says. */
export function classesAfter(
  classes: readonly TrafficClass[],
  { from, to }: Pick<ShapingChange, "from" | "to">,
): TrafficClass[] {
  const named = new Set([...from, ...to].map(({ number }) => number));
  return parentsFirst([...classes.filter(({ number }) => !named.has(number)), ...to]);
}

function parentsFirst(classes: readonly TrafficClass[]): TrafficClass[] {
  const parents = new Map(classes.map(({ number, parent }) => [number, parent]));
  const depth = ({ parent }: { parent?: number | undefined }): number =>
    parent === undefined || !parents.has(parent) ? 0 : 1 + depth({ parent: parents.get(parent) });
  return classes
    .map((one) => ({ one, at: depth(one) }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
