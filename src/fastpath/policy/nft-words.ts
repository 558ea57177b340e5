import { firstEntry, isObject, textOf } from "../../diagnose/rules/json.ts";
import { SAME_FOR_ALL, unclear, type Only, type Question } from "./question.ts";

/** What nft asks about a connection, its way or the time: one answer for all its packets, as long as nothing changes. */
const SAME = new Set(
  [
    "skuid",
    "skgid",
    "cgroup",
    "iif",
    "iifname",
    "iifgroup",
    "iiftype",
    "iifkind",
    "oif",
    "oifname",
    "oifgroup",
    "oiftype",
  ]
    .concat(["oifkind", "rtclassid", "secpath", "secmark", "day", "hour", "time", "sdif", "sdifname", "protocol"])
    .concat(["nfproto", "l4proto", "mark", "pkttype", "ibrname", "obrname", "broute"])
    .map((key) => `meta ${key}`)
    .concat(["ct helper", "ct label", "ct id", "ct count", "ct secmark", "ct state", "ct status", "ct mark", "ct zone"])
    .concat(["ct direction", "ct l4proto", "ct protocol", "ct saddr", "ct daddr", "ct proto-src", "ct proto-dst"])
    .concat(["ct ip saddr", "ct ip daddr", "ct ip6 saddr", "ct ip6 daddr", "ct l3proto", "ct expiration", "ct event"])
    .concat(["ether saddr", "ether daddr", "ether type", "vlan id", "vlan type", "ip saddr", "ip daddr", "ip protocol"])
    .concat(["ip version", "ip6 saddr", "ip6 daddr", "ip6 version", "ip6 nexthdr", "tcp sport", "tcp dport"])
    .concat(["udp sport", "udp dport", "th sport", "th dport", "fib", "rt", "socket", "ipsec", "jhash", "symhash"])
    // Packets with IP options, fragments and SYN never take the fast path.
    .concat(["ip hdrlength", "ip frag-off", "exthdr frag", "tcp option maxseg", "osf"]),
);

const EACH_PACKET: Readonly<Record<string, Question>> = {
  "ct bytes": asks("the bytes that the connection has carried", { bothDirections: true }),
  "ct packets": asks("the packets that the connection has carried", { bothDirections: true }),
  "ct avgpkt": asks("the length of the connection's packets", { bothDirections: true }),
  "meta length": asks("the length of the packet"),
  "meta random": { kind: "each-packet", what: "chooses packets at random" },
  "meta cpu": asks("the CPU that has the packet"),
  "meta priority": asks("the priority of the packet"),
  numgen: { kind: "each-packet", what: "chooses anew for each packet", takes: true },
  quota: { kind: "each-packet", what: "counts bytes with quota", takes: true },
  meter: { kind: "each-packet", what: "measures each packet (meter)", takes: true },
  set: { kind: "each-packet", what: "updates a set with each packet", takes: true },
  limit: { kind: "each-packet", what: "limits the rate of packets", takes: true },
  tunnel: asks("the tunnel the packet came through"),
};

const HEADERS = /^(ip|ip6|tcp|udp|vlan|th|ether|exthdr|ip option|tcp option|raw) ?/;

function asks(what: string, also: { readonly only?: Only; readonly bothDirections?: true } = {}): Question {
  return { kind: "each-packet", what: `asks for ${what}`, ...also };
}

/** Says what a question or value is that nft's JSON writes so; a statement has its name in front: `quota {...}`. */
export function nftQuestion(text: string): Question {
  const [, statement = "", body = ""] = /^([a-z ]*?) ?([{["].*)$/.exec(text) ?? [];
  if (statement !== "") return SAME.has(statement) ? SAME_FOR_ALL : (EACH_PACKET[statement] ?? unclear(statement));
  const names = leavesOf(parsed(body));
  if (names.length === 0) return unclear(text);
  for (const name of names) {
    if (SAME.has(name)) continue;
    const each = EACH_PACKET[name];
    if (each !== undefined) return each;
    return HEADERS.test(name) ? asks(`${name} of each packet`, { only: onlyWith(name) }) : unclear(name);
  }
  return SAME_FOR_ALL;
}

/** The packets that have the header of a field, in nft's words: `ip dscp`, `tcp window`. */
export function onlyWith(field: string): Only {
  const [header] = field.split(" ");
  if (header === "ip" || header === "ip6") return { family: header };
  if (header === "tcp" || header === "udp") return { protocol: header === "tcp" ? 6 : 17 };
  return {};
}

/** What of the packet the statement changes that nft's JSON writes so, by nft's words; undefined if it is no such. */
export function mangledField(statement: unknown): string | undefined {
  if (!isObject(statement) || !isObject(statement["mangle"])) return undefined;
  return leavesOf(statement["mangle"]["key"])[0] ?? "something";
}

/** What nft's JSON looks at, in nft's words: `meta length`, `ip dscp`, `ct bytes`. */
export function leavesOf(json: unknown): string[] {
  if (Array.isArray(json)) return json.flatMap(leavesOf);
  if (!isObject(json)) return [];
  const [kind, body] = firstEntry(json);
  switch (kind) {
    case "meta":
    case "ct":
      return isObject(body) ? [`${kind} ${textOf(body["key"])}`] : [kind];
    case "payload":
      if (!isObject(body)) return [];
      return "protocol" in body ? [`${textOf(body["protocol"])} ${textOf(body["field"])}`] : ["raw bytes"];
    case "exthdr":
    case "tcp option":
    case "ip option":
      return isObject(body) ? [`${kind} ${textOf(body["name"])}`] : [kind];
    case "fib":
    case "rt":
    case "socket":
    case "osf":
    case "ipsec":
    case "numgen":
    case "jhash":
    case "symhash":
    case "tunnel":
      return [kind];
    default:
      return Object.values(json).flatMap(leavesOf);
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
