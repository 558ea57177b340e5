import { isAlias, isScalar, isSeq, type Alias, type ParsedNode, type Scalar, type YAMLMap, type YAMLSeq } from "yaml";
import { Fault, quote } from "../fault.ts";
import type { FilePath } from "../problem.ts";
import type { PlacedFault } from "./parse-yaml.ts";
import type { SourceMap, Span } from "./source-map.ts";

/** The content of a file: every scalar as its text, so that 010 and 1.10 are still what the user wrote. */
export type Tree = string | null | Tree[] | { [key: string]: Tree };

/** Values the aliases of a file may stand for, all together. */
const MAX_ALIASED_VALUES = 10_000;
// An alias inside its own anchor has no end.
const MAX_DEPTH = 64;

/** Turns YAML nodes into a tree, recording in `map` where everything stands. */
export function readTree(content: ParsedNode, map: SourceMap): { tree: Tree; faults: PlacedFault[] } {
  const reader = new TreeReader(map);
  return { tree: reader.read(content, [], undefined), faults: reader.faults };
}

class TreeReader {
  readonly faults: PlacedFault[] = [];
  readonly #map: SourceMap;
  readonly #anchors = new Map<string, ParsedNode>();
  #aliasDepth = 0;
  #aliasedValues = 0;
  #isTooMuch = false;

  constructor(map: SourceMap) {
    this.#map = map;
  }

  read(node: ParsedNode | null, path: FilePath, key: Span | undefined): Tree {
    if (node === null) return this.#scalar(null, key ?? { start: 0, end: 1 }, path, key);
    if (isAlias(node)) return this.#alias(node, path, key);
    if (node.anchor !== undefined) this.#anchors.set(node.anchor, node);
    if (this.#aliasDepth > 0 && (++this.#aliasedValues > MAX_ALIASED_VALUES || path.length > MAX_DEPTH)) {
      this.#isTooMuch = true;
      return null;
    }
    const span = spanOf(node);
    if (isScalar(node)) return this.#scalar(scalarText(node), span.end > span.start ? span : (key ?? span), path, key);
    this.#map.mark(path, { value: span, ...(key === undefined ? {} : { key }), isScalar: false });
    return isSeq(node) ? this.#list(node, path) : this.#entries(node, path);
  }

  #scalar(text: string | null, value: Span, path: FilePath, key: Span | undefined): Tree {
    this.#map.mark(path, { value, ...(key === undefined ? {} : { key }), isScalar: true });
    return text;
  }

  #list(node: YAMLSeq.Parsed, path: FilePath): Tree {
    return node.items.map((item, index) => this.read(item, [...path, index], undefined));
  }

  #entries(node: YAMLMap.Parsed, path: FilePath): Tree {
    // Without a prototype `__proto__` and `constructor` are keys like any other.
    const entries = Object.create(null) as { [key: string]: Tree };
    for (const pair of node.items) {
      const key = this.#key(pair.key);
      if (key === undefined) continue;
      const keySpan = spanOf(pair.key);
      if (key in entries) {
        const fix = "delete one of the two, or give it another name";
        this.#fault(new Fault("duplicate-key", `the key ${quote(key)} stands here a second time`, fix), keySpan);
        continue;
      }
      entries[key] = this.read(pair.value, [...path, key], keySpan);
    }
    return entries;
  }

  #key(node: ParsedNode): string | undefined {
    const key = isScalar(node) ? scalarText(node) : undefined;
    if (typeof key === "string") return key;
    const fix = "write a word and a colon";
    this.#fault(new Fault("wrong-type", "a key must be a single word", fix), spanOf(node));
    return undefined;
  }

  #alias(node: Alias.Parsed, path: FilePath, key: Span | undefined): Tree {
    const span = spanOf(node);
    if (this.#isTooMuch) return null;
    const target = this.#anchors.get(node.source);
    if (target === undefined) {
      const fix = `write &${node.source} before the value meant, further up in the file; put a text with * in quotes`;
      this.#fault(new Fault("yaml-alias", `the alias *${node.source} has no anchor before it`, fix), span);
      return this.#scalar(null, span, path, key);
    }
    this.#aliasDepth++;
    const tree = this.read(target, path, key);
    this.#aliasDepth--;
    if (this.#aliasDepth === 0 && this.#isTooMuch) {
      const message = `the aliases of this file stand for more than ${MAX_ALIASED_VALUES} values, or one stands for itself`;
      this.#fault(new Fault("yaml-alias", message, "write the values out, or use ranges and prefixes"), span);
    }
    return tree;
  }

  #fault(fault: Fault, span: Span): void {
    this.faults.push({ fault, span });
  }
}

function scalarText(node: Scalar): string | null {
  if (typeof node.value === "string") return node.value;
  if (node.value === null || node.value === undefined) return null;
  return node.source ?? JSON.stringify(node.value);
}

function spanOf(node: ParsedNode): Span {
  return { start: node.range[0], end: node.range[1] };
}
