import type { Expression, Pattern } from "../expression.ts";
import { wordPattern } from "../pattern.ts";
import type { Action, Translation } from "../statement.ts";
import type { Option, SavedOptions } from "./options.ts";
import { optionText } from "./matches.ts";
import { addressPattern, literal, rangePattern } from "./values.ts";

const PLAIN: Readonly<Record<string, Action>> = {
  ACCEPT: { kind: "accept" },
  DROP: { kind: "drop" },
  RETURN: { kind: "return" },
  QUEUE: { kind: "queue" },
  NOTRACK: { kind: "notrack" },
  SYNPROXY: { kind: "synproxy" },
  TPROXY: { kind: "tproxy" },
};

/** Targets that go on to the next rule and change nothing we look at. */
const PASSING = new Set(
  [
    "NFLOG",
    "ULOG",
    "TRACE",
    "CHECKSUM",
    "DSCP",
    "TOS",
    "TTL",
    "HL",
    "CLASSIFY",
    "SET",
    "TEE",
    "RATEEST",
    "AUDIT",
  ].concat(["TCPOPTSTRIP", "SECMARK", "CONNSECMARK", "IDLETIMER", "LED", "ECN", "HMARK"]),
);

/** Reads what a rule of iptables does. `prefix` is the id of the table's chains up to their name. */
export function readTarget(target: NonNullable<SavedOptions["target"]>, prefix: string, limited: boolean): Action[] {
  const { name, options } = target;
  if (target.goto) return [{ kind: "goto", chain: prefix + name }];
  const plain = PLAIN[name];
  if (plain !== undefined) return [plain];
  const value = (option: string): string | undefined => options.find((found) => found.name === option)?.values[0];
  const has = (option: string): boolean => options.some((found) => found.name === option);
  switch (name) {
    case "REJECT": {
      const word = value("--reject-with");
      return [word === undefined ? { kind: "reject" } : { kind: "reject", with: word }];
    }
    case "NFQUEUE": {
      const number = value("--queue-num") ?? value("--queue-balance");
      return [number === undefined ? { kind: "queue" } : { kind: "queue", number }];
    }
    case "LOG": {
      const text = value("--log-prefix");
      return [{ kind: "log", limited, ...(text === undefined ? {} : { prefix: text }) }];
    }
    case "MASQUERADE":
      return [{ kind: "masquerade", ...portOf(value("--to-ports")), flags: flagsOf(options) }];
    case "REDIRECT":
      return [{ kind: "redirect", ...portOf(value("--to-ports")), flags: flagsOf(options) }];
    case "SNAT":
      return [{ kind: "snat", ...destination(value("--to-source") ?? ""), flags: flagsOf(options) }];
    case "DNAT":
      return [{ kind: "dnat", ...destination(value("--to-destination") ?? ""), flags: flagsOf(options) }];
    case "NETMAP":
      // Which of both it is depends on the hook.
      return [{ kind: "dnat", prefix: true, address: fixed(addressPattern(value("--to") ?? "")), flags: ["netmap"] }];
    case "MARK":
      return [markAction("set-mark", "mark", options)];
    case "CONNMARK":
      return [connectionMark(options)];
    case "TCPMSS": {
      const size = value("--set-mss");
      return [size === undefined ? { kind: "mss-clamp" } : { kind: "mss-clamp", size: Number(size) }];
    }
    case "CT":
      return connectionTarget(has("--notrack"), value);
    default:
      if (PASSING.has(name)) return [{ kind: "other", text: [name, ...options.map(optionText)].join(" ") }];
      return [{ kind: "jump", chain: prefix + name }];
  }
}

function connectionTarget(notrack: boolean, value: (option: string) => string | undefined): Action[] {
  const [helper, timeout, zone] = [value("--helper"), value("--timeout"), value("--zone")];
  return [
    ...(notrack ? [{ kind: "notrack" } as const] : []),
    ...(helper === undefined ? [] : [{ kind: "helper", name: helper } as const]),
    ...(timeout === undefined ? [] : [{ kind: "ct-timeout", name: timeout } as const]),
    ...(zone === undefined ? [] : [{ kind: "set-ct-zone", value: fixed(wordPattern("number", zone)) } as const]),
  ];
}

function flagsOf(options: readonly Option[]): string[] {
  return options
    .filter(({ name }) => ["--random", "--random-fully", "--persistent"].includes(name))
    .map(({ name }) => name.slice(2));
}

function portOf(ports: string | undefined): { port?: Expression } {
  return ports === undefined ? {} : { port: fixed(rangePattern("port", ports, "-")) };
}

/** Reads `[address[-address]][:port[-port]]`; IPv6 addresses with ports are in brackets. */
function destination(text: string): Pick<Translation, "address" | "port"> {
  const [, bracketed, v6, plain, ports] =
    /^(?:\[([^\]]*)\]|([0-9a-fA-F]*:[^.]*:.*)|([^:]*))(?::(.*))?$/.exec(text) ?? [];
  const address = bracketed ?? v6 ?? plain ?? "";
  return {
    ...(address === "" ? {} : { address: fixed(rangePattern("address", address, "-")) }),
    // `80-90/80` names the port that the first one becomes.
    ...(ports === undefined ? {} : portOf(ports.split("/")[0])),
  };
}

function fixed(pattern: Pattern): Expression {
  return pattern.kind === "unknown" ? pattern : { kind: "literal", pattern };
}

function markAction(kind: "set-mark" | "set-ct-mark", field: "mark" | "ct-mark", options: readonly Option[]): Action {
  const [option] = options;
  const [value = "", mask] = (option?.values[0] ?? "").split("/");
  const old: Expression = { kind: "field", name: field, datatype: "mark" };
  if (option === undefined || !/^(0x[0-9a-fA-F]+|\d+)$/.test(value))
    return { kind, value: { kind: "unknown", text: options.map(optionText).join(" ") } };
  const bits = BigInt(value);
  const under = mask === undefined ? 0xffffffffn : BigInt(mask);
  const and = (with_: bigint): Expression => ({ kind: "bits", op: "and", of: [old, literal(with_ & 0xffffffffn)] });
  switch (option.name) {
    case "--set-xmark":
      // iptables-save writes --or-mark, --and-mark and --xor-mark so: clear the mask's bits, then exclusive or.
      return { kind, value: { kind: "bits", op: "xor", of: [and(~under), literal(bits)] } };
    case "--set-mark":
      return { kind, value: { kind: "bits", op: "or", of: [and(~(under | bits)), literal(bits)] } };
    case "--or-mark":
      return { kind, value: { kind: "bits", op: "or", of: [old, literal(bits)] } };
    case "--and-mark":
      return { kind, value: and(bits) };
    case "--xor-mark":
      return { kind, value: { kind: "bits", op: "xor", of: [old, literal(bits)] } };
    default:
      return { kind, value: { kind: "unknown", text: optionText(option) } };
  }
}

function connectionMark(options: readonly Option[]): Action {
  const names = options.map(({ name }) => name);
  const whole = options.every(({ name, values }) => !name.endsWith("mask") || /^0xf{8}$/.test(values[0] ?? ""));
  if (names.includes("--save-mark") && whole) {
    return { kind: "set-ct-mark", value: { kind: "field", name: "mark", datatype: "mark" } };
  }
  if (names.includes("--restore-mark") && whole) {
    return { kind: "set-mark", value: { kind: "field", name: "ct-mark", datatype: "mark" } };
  }
  if (names.includes("--restore-mark")) return { kind: "set-mark", value: { kind: "unknown", text: names.join(" ") } };
  return markAction("set-ct-mark", "ct-mark", options);
}
