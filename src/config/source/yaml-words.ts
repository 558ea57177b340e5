import type { ErrorCode } from "yaml";
import { Fault } from "../fault.ts";

const INDENT = "indent every entry of a map or list by the same number of spaces";

const WORDS: Readonly<Partial<Record<ErrorCode, readonly [message: string, fix: string]>>> = {
  BAD_DIRECTIVE: ["this % line is no YAML directive", "delete the line, or put the value in quotes"],
  BAD_DQ_ESCAPE: ["this backslash sequence means nothing in double quotes", "use single quotes, or write \\\\"],
  BAD_INDENT: ["the indentation does not fit what stands before", INDENT],
  BAD_PROP_ORDER: ["an anchor stands where it belongs to no value", "write the anchor directly before the value"],
  BAD_SCALAR_START: ["a value cannot begin with this character", "put the value in quotes"],
  BLOCK_AS_IMPLICIT_KEY: ["a second `key:` in one value", `put the value in quotes if it holds ": ", or ${INDENT}`],
  BLOCK_IN_FLOW: [
    "inside [ ] or { } a `key:` or dash stands where a comma or bracket should",
    "put a comma between entries, and close the bracket before the next indented line",
  ],
  KEY_OVER_1024_CHARS: ["a key of more than 1024 characters", "check the quotes and colons of the line"],
  MULTILINE_IMPLICIT_KEY: ["a key goes over several lines", `close the quotes or brackets, and ${INDENT}`],
  MULTIPLE_ANCHORS: ["a value has two anchors", "keep one of them"],
  MULTIPLE_TAGS: ["a value has two tags", "delete the tags: a gateway file needs none"],
};

/** What the YAML parser found, in our words. */
export function yamlFault(code: ErrorCode, message: string): Fault {
  if (code === "TAB_AS_INDENT") {
    return new Fault("yaml-tab", "the line is indented with a tab", "replace the tab by spaces");
  }
  if (code === "RESOURCE_EXHAUSTION") {
    return new Fault("yaml-too-deep", "lists and maps are nested too deeply", "check the brackets");
  }
  // An unclosed bracket is often first seen by the indentation of what follows.
  if (code === "MISSING_CHAR" || / with a [\]}]/.test(message)) return missingCharacter(message);
  const words = WORDS[code];
  if (words !== undefined) return new Fault("yaml-syntax", words[0], words[1]);
  // The parser's own sentence is the best there is for a token out of place.
  return new Fault(
    "yaml-syntax",
    lowerFirst(message),
    "check the brackets, quotes, colons and indentation of the line",
  );
}

function missingCharacter(message: string): Fault {
  if (message.includes("quote")) {
    return new Fault("yaml-syntax", "a quoted text is not closed", "add the closing quote");
  }
  const bracket = /with a ([\]}])/.exec(message)?.[1];
  if (bracket !== undefined) {
    return new Fault("yaml-syntax", `a ${bracket} is missing before this place`, `add the closing ${bracket}`);
  }
  return new Fault(
    "yaml-syntax",
    lowerFirst(message),
    "put a space after each colon and a comma between entries in [ ] or { }",
  );
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
