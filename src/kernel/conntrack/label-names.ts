import { readFileSync } from "node:fs";

/** Where conntrack(8) and iptables look for the names of labels. */
const FILE = "/etc/xtables/connlabel.conf";
const LABELS = 128;

/** Names of labels by their bit, as the host's file has them; none without the file. */
export function readLabelNames(): Map<number, string> {
  try {
    return parseLabelNames(readFileSync(FILE, "utf8"));
  } catch {
    return new Map();
  }
}

/** Reads lines of bit and name; what comes after `#`, and lines that are neither, mean nothing. */
export function parseLabelNames(text: string): Map<number, string> {
  const names = new Map<number, string>();
  for (const line of text.split("\n")) {
    const [, bit = "", name = ""] = /^\s*(\d{1,3})\s+([^\s#]+)\s*(?:#.*)?$/.exec(line) ?? [];
    if (name !== "" && Number(bit) < LABELS) names.set(Number(bit), name);
  }
  return names;
}
