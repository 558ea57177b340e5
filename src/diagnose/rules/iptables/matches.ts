import type { Expression } from "../expression.ts";
import { exactly, interfacePattern, wordPattern } from "../pattern.ts";
import type { Match } from "../statement.ts";
import { ADDRESS_TYPES, PORT_PROTOCOLS, PROTOCOLS, TCP_FLAGS } from "../symbols.ts";
import { connectionMatch } from "./connection-matches.ts";
import type { Option } from "./options.ts";
import { addressPattern, compare, literal, maskedMatch, rangePattern } from "./values.ts";

/** Modules that ask nothing by themselves: their options do, or they only say something. */
const SILENT = new Set(
  ["comment", "conntrack", "state", "multiport", "addrtype", "mark", "connmark", "iprange", "physdev"].concat([
    "tcp",
    "udp",
    "sctp",
    "dccp",
    "udplite",
    "icmp",
    "icmp6",
    "pkttype",
    "ttl",
    "hl",
    "length",
    "limit",
  ]),
);

/** Reads the questions of a rule of iptables. Those we cannot decide are `unknown`, one for each module. */
export function readMatches(options: readonly Option[]): Match[] {
  const matches: Match[] = [];
  const undecided = new Map<string, { readonly at: number; text: string }>();
  // Every packet passes a rule that only remembers its source.
  const remembers = options.some(({ module, name, negated }) => module === "recent" && name === "--set" && !negated);
  for (const option of options) {
    if (remembers && option.module === "recent") continue;
    const read = readMatch(option);
    const before = undecided.get(option.module);
    if (read !== undefined) matches.push(...read);
    else if (before !== undefined && option.module !== "") {
      before.text += ` ${optionText(option)}`;
      matches[before.at] = { kind: "unknown", text: before.text };
    } else {
      const text =
        option.name === "-m" || option.module === "" ? optionText(option) : `-m ${option.module} ${optionText(option)}`;
      undecided.set(option.module, { at: matches.length, text });
      matches.push({ kind: "unknown", text });
    }
  }
  return matches;
}

/** The words of an option. */
export function optionText({ name, negated, values }: Option): string {
  return [...(negated ? ["!"] : []), name, ...values].join(" ");
}

function readMatch(option: Option): Match[] | undefined {
  const { name, negated, values, module } = option;
  const [value = "", second = ""] = values;
  const text = optionText(option);
  switch (name) {
    case "-s":
      return [compare(["source", "address"], [addressPattern(value)], negated, text)];
    case "-d":
      return [compare(["destination", "address"], [addressPattern(value)], negated, text)];
    case "-i":
      return [compare(["in-interface", "interface"], [interfacePattern(value, "+")], negated, text)];
    case "-o":
      return [compare(["out-interface", "interface"], [interfacePattern(value, "+")], negated, text)];
    case "-p":
      return value === "all"
        ? []
        : [compare(["protocol", "protocol"], [wordPattern("protocol", value)], negated, text)];
    case "-m":
      return SILENT.has(value) ? [] : moduleMatch(value);
    case "--comment":
      return [];
    default:
      return moduleOption(module, name, value, second, negated, text);
  }
}

/** Modules whose presence is the question, or that cannot be decided from one packet, are asked by their options. */
function moduleMatch(module: string): Match[] | undefined {
  return ASKED_BY_OPTION.has(module) ? [] : undefined;
}

const ASKED_BY_OPTION = new Set(
  ["set", "statistic", "recent", "hashlimit", "owner", "mac", "policy", "string", "u32", "time", "tcpmss"].concat([
    "connlimit",
    "connbytes",
    "helper",
    "dscp",
    "tos",
    "bpf",
    "cgroup",
    "devgroup",
    "realm",
    "quota",
    "nfacct",
  ]),
);

function moduleOption(
  module: string,
  name: string,
  value: string,
  second: string,
  negated: boolean,
  text: string,
): Match[] | undefined {
  switch (module) {
    case "conntrack":
    case "state": {
      const match = connectionMatch(name, value, negated, text);
      return match === undefined ? undefined : [match];
    }
    case "tcp":
    case "udp":
    case "sctp":
    case "dccp":
    case "udplite":
      return transportOption([PROTOCOLS[module] ?? 0], name, value, second, negated, text);
    case "multiport":
      return multiport(name, value, negated, text);
    case "icmp":
    case "icmp6":
      return icmp(module, name, value, negated, text);
    case "addrtype":
      return addressType(name, value, negated, text);
    case "mark":
      return name === "--mark" ? [maskedMatch(["mark", "mark"], value, negated, text)] : undefined;
    case "connmark":
      return name === "--mark" ? [maskedMatch(["ct-mark", "mark"], value, negated, text)] : undefined;
    case "iprange":
      return addressRange(name, value, negated, text);
    case "physdev":
      if (name === "--physdev-in")
        return [compare(["bridge-in-port", "interface"], [interfacePattern(value, "+")], negated, text)];
      return undefined;
    case "pkttype":
      return [compare(["packet-type", "packet-type"], [wordPattern("packet-type", value)], negated, text)];
    case "length":
      return [compare(["length", "number"], [rangePattern("number", value, ":")], negated, text)];
    default:
      return undefined;
  }
}

function transportOption(
  protocols: readonly number[],
  name: string,
  value: string,
  second: string,
  negated: boolean,
  text: string,
): Match[] | undefined {
  if (name === "--sport" || name === "--dport") {
    const field = name === "--sport" ? "source-port" : "destination-port";
    return [compare([field, "port"], [rangePattern("port", value, ":")], negated, text, protocols)];
  }
  const flags = name === "--tcp-flags" ? [value, second] : name === "--syn" ? ["FIN,SYN,RST,ACK", "SYN"] : undefined;
  const [mask, wanted] = flags?.map(tcpFlags) ?? [];
  if (mask === undefined || wanted === undefined) return undefined;
  const left: Expression = {
    kind: "bits",
    op: "and",
    of: [{ kind: "field", name: "tcp-flags", datatype: "tcp-flags", protocols }, literal(mask)],
  };
  return [{ kind: "compare", left, op: "equal", negated, right: { elements: [{ key: exactly(wanted) }] }, text }];
}

function tcpFlags(words: string): number | undefined {
  let bits = 0;
  for (const word of words.split(",")) {
    const flag = TCP_FLAGS[word.toLowerCase()];
    if (flag === undefined) return undefined;
    bits |= flag;
  }
  return bits;
}

function multiport(name: string, value: string, negated: boolean, text: string): Match[] | undefined {
  const patterns = value.split(",").map((range) => rangePattern("port", range, ":"));
  const ask = (field: "source-port" | "destination-port", not: boolean): Match =>
    compare([field, "port"], patterns, not, text, PORT_PROTOCOLS);
  if (name === "--sports" || name === "--source-ports") return [ask("source-port", negated)];
  if (name === "--dports" || name === "--destination-ports") return [ask("destination-port", negated)];
  if (name !== "--ports") return undefined;
  return [{ kind: "any-of", of: [ask("source-port", false), ask("destination-port", false)], negated, text }];
}

function icmp(
  module: "icmp" | "icmp6",
  name: string,
  value: string,
  negated: boolean,
  text: string,
): Match[] | undefined {
  if (name !== "--icmp-type" && name !== "--icmpv6-type") return undefined;
  if (value === "any" || value === "255") return [];
  const [type = "", code] = value.split("/");
  const datatype = module === "icmp" ? "icmp-type" : "icmpv6-type";
  const protocols = [module === "icmp" ? 1 : 58];
  const typeMatch = compare(["icmp-type", datatype], [wordPattern(datatype, type)], false, text, protocols);
  if (code === undefined) return [{ kind: "all-of", of: [typeMatch], negated, text }];
  const codeMatch = compare(["icmp-code", "icmp-code"], [wordPattern("icmp-code", code)], false, text, protocols);
  return [{ kind: "all-of", of: [typeMatch, codeMatch], negated, text }];
}

function addressType(name: string, value: string, negated: boolean, text: string): Match[] | undefined {
  const field = name === "--src-type" ? "source-type" : name === "--dst-type" ? "destination-type" : undefined;
  if (field === undefined) return undefined;
  const types = value.split(",").map((word) => ADDRESS_TYPES[word.toLowerCase()]);
  if (types.includes(undefined)) return undefined;
  return [
    compare(
      [field, "address-type"],
      types.map((type) => exactly(type ?? 0)),
      negated,
      text,
    ),
  ];
}

function addressRange(name: string, value: string, negated: boolean, text: string): Match[] | undefined {
  const field = name === "--src-range" ? "source" : name === "--dst-range" ? "destination" : undefined;
  return field === undefined
    ? undefined
    : [compare([field, "address"], [rangePattern("address", value, "-")], negated, text)];
}
