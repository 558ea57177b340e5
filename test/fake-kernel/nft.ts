import { KernelError } from "../../src/kernel/error.ts";
import { copyPlain } from "./plain-data.ts";

/** One table in memory, as far as our scripts need it. */
export interface FakeTable {
  comment?: string;
  counters: string[];
  sets: Record<string, FakeSet>;
  chains: Record<string, FakeChain>;
}

export interface FakeSet {
  isMap: boolean;
  /** `ipv4_addr : interval ipv4_addr . inet_service`. */
  type: string;
  flags: string;
  /** Whole elements by key. */
  elements: Record<string, string>;
}

export interface FakeChain {
  /** `type nat hook ...`, or empty. */
  head: string;
  rules: string[];
}

/** Runs a script on the table and gives the new one back, or throws like nft; what was given stays as it was. */
export function runScript(table: FakeTable | undefined, script: string): FakeTable | undefined {
  const lines = script
    .split("\n")
    .map((line) => line.replace(/^\s*#.*$/, ""))
    .filter((line) => line.trim() !== "");
  let now = copyPlain(table);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const [verb, kind, , , name = ""] = line.split(/\s+/);
    if (line === "table ip meganat {") {
      const end = lines.indexOf("}", i);
      if (end < 0) fail("syntax error: no end of the table");
      now ??= { counters: [], sets: {}, chains: {} };
      addBlock(now, lines.slice(i + 1, end), table === undefined);
      i = end;
    } else if (line === "table ip meganat") now ??= { counters: [], sets: {}, chains: {} };
    else if (line === "delete table ip meganat") now = now === undefined ? missing("table") : undefined;
    else if (kind === "element") {
      let text = line;
      while (!text.trimEnd().endsWith("}")) text += `\n${lines[++i] ?? fail("syntax error: no end of the elements")}`;
      changeElements(tableOf(now), verb ?? "", name, elementsIn(text));
    } else if (verb === "flush" && kind === "chain") (tableOf(now).chains[name] ?? missing(`chain ${name}`)).rules = [];
    else if (verb === "delete") deleteObject(tableOf(now), kind ?? "", name);
    else fail(`syntax error: ${line}`);
  }
  if (now !== undefined) checkReferences(now);
  return now;
}

/** The table as text that runScript takes again. */
export function printTable(table: FakeTable): string {
  const lines = ["table ip meganat {"];
  if (table.comment !== undefined) lines.push(`  comment "${table.comment}"`);
  for (const counter of table.counters) lines.push(`  counter ${counter} { }`);
  for (const [name, set] of Object.entries(table.sets)) {
    lines.push(`  ${set.isMap ? "map" : "set"} ${name} {`, `    type ${set.type}`);
    if (set.flags !== "") lines.push(`    flags ${set.flags}`);
    const elements = Object.values(set.elements);
    if (elements.length > 0) lines.push(`    elements = { ${elements.join(", ")} }`);
    lines.push("  }");
  }
  for (const [name, chain] of Object.entries(table.chains)) {
    lines.push(`  chain ${name} {`);
    if (chain.head !== "") lines.push(`    ${chain.head}`);
    lines.push(...chain.rules.map((rule) => `    ${rule}`), "  }");
  }
  return `${[...lines, "}"].join("\n")}\n`;
}

/** The table as `nft -j` gives it, as far as apply reads it. */
export function tableObjects(table: FakeTable, terse: boolean): Record<string, unknown>[] {
  const base = { family: "ip", table: "meganat" };
  const objects: Record<string, unknown>[] = [{ table: { family: "ip", name: "meganat" } }];
  for (const name of table.counters) objects.push({ counter: { ...base, name, packets: 0, bytes: 0 } });
  for (const [name, set] of Object.entries(table.sets)) {
    const [key = "", data = ""] = set.type.split(" : ");
    const elements = Object.values(set.elements).map((element) => (set.isMap ? element.split(" : ") : element));
    objects.push({
      [set.isMap ? "map" : "set"]: {
        ...base,
        name,
        type: key.includes(" . ") ? key.split(" . ") : key,
        ...(set.isMap ? { map: data.replace("interval ", "") } : {}),
        ...(set.flags === "" ? {} : { flags: set.flags.split(", ") }),
        ...(terse || elements.length === 0 ? {} : { elem: elements }),
      },
    });
  }
  for (const [name, chain] of Object.entries(table.chains)) {
    objects.push({
      chain: { ...base, name, handle: Math.random(), ...(chain.head === "" ? {} : { hook: chain.head }) },
    });
  }
  for (const [name, chain] of Object.entries(table.chains)) {
    for (const rule of chain.rules)
      objects.push({ rule: { ...base, chain: name, handle: Math.random(), expr: [{ rule }] } });
  }
  return objects;
}

function addBlock(table: FakeTable, lines: readonly string[], isNew: boolean): void {
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? "";
    const comment = /^ {2}comment "(.*)"$/.exec(line)?.[1];
    // The kernel keeps the comment a table was made with.
    if (comment !== undefined) {
      if (isNew || table.comment === undefined) table.comment = comment;
      continue;
    }
    const [kind, name = ""] = line.trim().split(/\s+/);
    if (kind === "counter") {
      if (!table.counters.includes(name)) table.counters.push(name);
      continue;
    }
    const end = lines.indexOf("  }", i);
    const body = lines.slice(i + 1, end).map((inner) => inner.replace(/^ {4}/, ""));
    if (kind === "chain") addChain(table, name, body);
    else if (kind === "set" || kind === "map") addSet(table, name, kind === "map", body);
    else fail(`syntax error: ${line}`);
    i = end;
  }
}

function addChain(table: FakeTable, name: string, body: readonly string[]): void {
  const head = body.find((line) => line.startsWith("type ")) ?? "";
  const chain = (table.chains[name] ??= { head, rules: [] });
  if (chain.head !== head) fail(`File exists: chain ${name} with another hook`, "kernel-exists");
  chain.rules.push(...body.slice(head === "" ? 0 : 1));
}

function addSet(table: FakeTable, name: string, isMap: boolean, body: readonly string[]): void {
  const type = body.find((line) => line.startsWith("type "))?.slice(5) ?? fail("no type");
  const flags = body.find((line) => line.startsWith("flags "))?.slice(6) ?? "";
  const set = (table.sets[name] ??= { isMap, type, flags, elements: {} });
  if (set.type !== type || set.flags !== flags || set.isMap !== isMap) fail(`File exists: ${name}`, "kernel-exists");
  const start = body.findIndex((line) => line.startsWith("elements = "));
  if (start >= 0) changeElements(table, "add", name, elementsIn(body.slice(start).join("\n")), true);
}

function elementsIn(text: string): string[] {
  const inner = text.slice(text.indexOf("{") + 1, text.lastIndexOf("}"));
  return inner
    .split(",")
    .map((element) => element.trim())
    .filter((element) => element !== "");
}

function changeElements(
  table: FakeTable,
  verb: string,
  name: string,
  elements: readonly string[],
  fresh = false,
): void {
  const set = table.sets[name] ?? missing(`set ${name}`);
  if (set.flags.includes("constant") && !fresh) fail(`Device or resource busy: constant ${name}`, "kernel-busy");
  for (const element of elements) {
    const key = element.split(" : ")[0] ?? "";
    const there = set.elements[key];
    if (verb === "add") {
      if (there !== undefined && there !== element) fail(`File exists: ${element}`, "kernel-exists");
      set.elements[key] = element;
    } else {
      if (there === undefined) missing(`element ${key} in ${name}`);
      delete set.elements[key];
    }
  }
}

function deleteObject(table: FakeTable, kind: string, name: string): void {
  const rules = Object.values(table.chains).flatMap((chain) => chain.rules);
  const busy = (what: RegExp): void => {
    if (rules.some((rule) => what.test(rule))) fail(`Device or resource busy: ${name}`, "kernel-busy");
  };
  if (kind === "chain") {
    busy(new RegExp(`(jump|goto) ${name}\\b`));
    if (table.chains[name] === undefined) missing(`chain ${name}`);
    delete table.chains[name];
  } else if (kind === "counter") {
    busy(new RegExp(`counter name "${name}"`));
    if (!table.counters.includes(name)) missing(`counter ${name}`);
    table.counters = table.counters.filter((counter) => counter !== name);
  } else {
    busy(new RegExp(`@${name}\\b`));
    if (table.sets[name]?.isMap !== (kind === "map")) missing(`${kind} ${name}`);
    delete table.sets[name];
  }
}

function checkReferences(table: FakeTable): void {
  for (const rule of Object.values(table.chains).flatMap((chain) => chain.rules)) {
    for (const [, set] of rule.matchAll(/@(\w+)/g)) if (table.sets[set ?? ""] === undefined) missing(`set ${set}`);
    for (const [, chain] of rule.matchAll(/jump (\w+)/g))
      if (table.chains[chain ?? ""] === undefined) missing(`chain ${chain}`);
    for (const [, counter] of rule.matchAll(/counter name "(\w+)"/g)) {
      if (!table.counters.includes(counter ?? "")) missing(`counter ${counter}`);
    }
  }
}

function tableOf(table: FakeTable | undefined): FakeTable {
  return table ?? missing("table");
}

function missing(what: string): never {
  return fail(`No such file or directory: ${what}`, "kernel-not-found");
}

function fail(
  said: string,
  code: "kernel-rejected" | "kernel-exists" | "kernel-busy" | "kernel-not-found" = "kernel-rejected",
): never {
  throw new KernelError(code, "nft refused it", { tried: "load the ruleset", errno: 0, kernelSaid: said, remedy: "-" });
}
