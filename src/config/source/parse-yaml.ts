import { Composer, Lexer, Parser, type CST, type Document, type ParsedNode } from "yaml";
import { Fault } from "../fault.ts";
import type { Span } from "./source-map.ts";
import { yamlFault } from "./yaml-words.ts";

/** The deepest nesting accepted; a gateway file needs six. */
const MAX_DEPTH = 64;

/** A fault with its place in the text. */
export interface PlacedFault {
  readonly fault: Fault;
  readonly span: Span;
}

/** The content of the one YAML document in the text (null for none), or everything wrong with its syntax. */
export function parseYaml(text: string): { content: ParsedNode | null } | { faults: PlacedFault[] } {
  const tokens = parseTokens(text);
  if ("fault" in tokens) return { faults: [tokens] };
  // Uniqueness is ours to check: the library compares each key with each, 34 s for 50,000 keys.
  const composer = new Composer({ uniqueKeys: false, prettyErrors: false, logLevel: "silent", version: "1.2" });
  const documents = [...composer.compose(tokens)];
  const faults = documents.flatMap((document) => documentFaults(document, text));
  const second = documents[1];
  if (second !== undefined) faults.push(secondDocument(second));
  if (faults.length > 0) return { faults };
  return { content: documents[0]?.contents ?? null };
}

// Composing recurses, and a stack overflow in it may end the process instead of throwing:
// so the depth is watched in the step before, which does not recurse.
function parseTokens(text: string): CST.Token[] | PlacedFault {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > MAX_DEPTH) {
      return {
        fault: new Fault(
          "yaml-too-deep",
          `lists and maps are nested more than ${MAX_DEPTH} deep`,
          "check the brackets and dashes: a gateway file needs no more than six levels",
        ),
        span: { start: parser.offset - 1, end: parser.offset },
      };
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function documentFaults(document: Document.Parsed, text: string): PlacedFault[] {
  return [
    ...document.errors.map((error) => ({
      fault: yamlFault(error.code, error.message),
      span: openingQuote(error, text) ?? { start: error.pos[0], end: error.pos[1] },
    })),
    ...document.warnings.map((warning) => ({
      fault:
        warning.code === "TAG_RESOLVE_FAILED"
          ? new Fault("yaml-tag", "a YAML tag; a gateway file has none", "delete the tag, or put the value in quotes")
          : yamlFault(warning.code, warning.message),
      span: { start: warning.pos[0], end: warning.pos[1] },
    })),
  ];
}

// The parser points at the end of an unclosed text, which may be the end of the file; the quote says more.
function openingQuote(error: { message: string; pos: [number, number] }, text: string): Span | undefined {
  const quote = /^Missing closing (.)quote/.exec(error.message)?.[1];
  const start = quote === undefined ? -1 : text.lastIndexOf(quote, error.pos[0] - 1);
  return start < 0 ? undefined : { start, end: error.pos[0] };
}

function secondDocument(document: Document.Parsed): PlacedFault {
  const start = document.contents?.range[0] ?? document.range[0];
  return {
    fault: new Fault(
      "yaml-documents",
      "a second YAML document begins here; a file describes one gateway",
      "delete the line `---`, or write each gateway in a file of its own",
    ),
    span: { start, end: start + 1 },
  };
}
