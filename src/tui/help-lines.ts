import { line, styled, type Line } from "./line.ts";

const KEYS: readonly (readonly [key: string, meaning: string])[] = [
  ["s", "sort subscribers by connections or by new ones"],
  ["/", "only subscribers with this text in their address"],
  ["up, down", "move; also PgUp, PgDn, Home, End, j, k"],
  ["Enter", "the subscriber's connections, live"],
  ["Esc", "back; then away with the filter"],
  ["p", "pause and go on"],
  ["Ctrl-L", "draw everything anew"],
  ["q", "quit; Ctrl-C too, Ctrl-Z suspends"],
];

const WORDS: readonly string[] = [
  "Ports taken: a public address has each port once for",
  "each destination. Shown is the destination that has",
  "taken most; at 100 % nobody gets there any more.",
  "Subscribers, addresses, new and destroyed come from",
  "reading the whole table, which takes 5 % of the time",
  "of one CPU at most: the larger, the older they are.",
];

/** The page that the help key shows. */
export const HELP_LINES: readonly Line[] = [
  ...KEYS.map(([key, meaning]) => line(styled("heading", key.padEnd(10)), meaning)),
  [],
  ...WORDS.map((words) => line(words)),
];
