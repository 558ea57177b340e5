import type { Ruleset } from "../render/desired-state.ts";
import type { RulesetChange } from "./change.ts";
import {
  countElements,
  type CounterDifference,
  type ChainDifference,
  type RulesetDifference,
  type SetDifference,
} from "./ruleset-difference.ts";

/** The difference in words for people, in the order of the transaction. */
export function rulesetChanges(difference: RulesetDifference, desired: Ruleset): RulesetChange[] {
  const table = `table ${desired.family} ${desired.table}`;
  const base = { kind: "ruleset", object: "table", name: desired.table } as const;
  switch (difference.table) {
    case "delete":
      return [{ ...base, action: "delete", words: `delete ${table}` }];
    case "create":
      return [{ ...base, action: "create", words: `create ${table} (${contents(desired)})` }];
    case "recreate":
      return [
        { ...base, action: "recreate", words: `replace ${table}, of which nothing is recorded (${contents(desired)})` },
      ];
    case "keep":
      return [
        ...difference.counters.map(counterChange),
        ...difference.sets.flatMap(setChanges),
        ...difference.chains.map(chainChange),
      ];
  }
}

function contents(ruleset: Ruleset): string {
  let elements = 0;
  for (const set of ruleset.sets) elements += set.elements.length;
  return [
    counted(ruleset.chains.length, "chain"),
    counted(ruleset.sets.length, "set or map", "sets and maps"),
    counted(elements, "element"),
  ].join(", ");
}

function counterChange({ name, action }: CounterDifference): RulesetChange {
  return { kind: "ruleset", object: "counter", name, action, words: `${action} counter ${name}` };
}

function setChanges(difference: SetDifference): RulesetChange[] {
  const { name, action, set } = difference;
  const object = difference.isMap ? "map" : "set";
  const size = counted(set?.elements.length ?? 0, "element");
  switch (action) {
    case "delete":
      return [{ kind: "ruleset", action, object, name, words: `delete ${object} ${name}` }];
    case "add":
      return [{ kind: "ruleset", action, object, name, words: `add ${object} ${name} with ${size}` }];
    case "recreate":
      return [{ kind: "ruleset", action, object, name, words: `make ${object} ${name} anew with ${size}` }];
    case "elements": {
      const { changed, added, removed } = countElements(difference);
      const changes: RulesetChange[] = [];
      const base = { kind: "ruleset", object: "element", name } as const;
      const where = `${object} ${name}`;
      if (removed > 0) {
        changes.push({ ...base, action: "delete", words: `delete ${counted(removed, "element")} from ${where}` });
      }
      if (changed > 0) {
        changes.push({ ...base, action: "change", words: `change ${counted(changed, "element")} of ${where}` });
      }
      if (added > 0) changes.push({ ...base, action: "add", words: `add ${counted(added, "element")} to ${where}` });
      return changes;
    }
  }
}

function chainChange({ name, action }: ChainDifference): RulesetChange {
  const base = { kind: "ruleset", object: "chain", name } as const;
  switch (action) {
    case "add":
      return { ...base, action, words: `add chain ${name}` };
    case "delete":
      return { ...base, action, words: `delete chain ${name}` };
    case "refill":
      return { ...base, action: "replace", words: `replace chain ${name}` };
    case "recreate":
      return { ...base, action, words: `make chain ${name} anew` };
  }
}

/** `1 element`, `10,000 elements`. */
export function counted(count: number, one: string, many: string = `${one}s`): string {
  return `${count.toLocaleString("en")} ${count === 1 ? one : many}`;
}
