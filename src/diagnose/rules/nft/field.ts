import type { Datatype, FieldExpression, FieldName } from "../expression.ts";
import { isObject, listOf, textOf, type JsonObject } from "../json.ts";
import { PORT_PROTOCOLS, PROTOCOLS } from "../symbols.ts";

type Known = readonly [name: FieldName, datatype: Datatype];

const META: Readonly<Record<string, Known>> = {
  l4proto: ["protocol", "protocol"],
  nfproto: ["family", "family"],
  mark: ["mark", "mark"],
  iifname: ["in-interface", "interface"],
  iif: ["in-interface", "interface"],
  oifname: ["out-interface", "interface"],
  oif: ["out-interface", "interface"],
  ibrname: ["bridge-in-port", "interface"],
  obrname: ["bridge-out-port", "interface"],
  length: ["length", "number"],
  pkttype: ["packet-type", "packet-type"],
};

const CT: Readonly<Record<string, Known>> = {
  state: ["ct-state", "ct-state"],
  status: ["ct-status", "ct-status"],
  mark: ["ct-mark", "mark"],
  direction: ["ct-direction", "ct-direction"],
  zone: ["ct-zone", "number"],
  l4proto: ["ct-protocol", "protocol"],
  protocol: ["ct-protocol", "protocol"],
};

const CT_TUPLE: Readonly<Record<string, readonly [suffix: string, datatype: Datatype]>> = {
  saddr: ["source", "address"],
  daddr: ["destination", "address"],
  "proto-src": ["source-port", "port"],
  "proto-dst": ["destination-port", "port"],
};

/** Reads a field of a packet out of nft's JSON; undefined if it is none that we can look at. */
export function readField(kind: string, body: unknown): FieldExpression | undefined {
  if (!isObject(body)) return undefined;
  if (kind === "payload") return payloadField(textOf(body["protocol"]), textOf(body["field"]));
  if (kind === "meta") {
    const known = META[textOf(body["key"])];
    return known === undefined ? undefined : field(known);
  }
  if (kind === "ct") return connectionField(body);
  if (kind === "fib") return addressTypeField(body);
  return undefined;
}

function field([name, datatype]: Known): FieldExpression {
  return { kind: "field", name, datatype };
}

function payloadField(protocol: string, name: string): FieldExpression | undefined {
  if (protocol === "ip" || protocol === "ip6") {
    const known = (
      {
        saddr: ["source", "address"],
        daddr: ["destination", "address"],
        protocol: ["protocol", "protocol"],
        length: ["length", "number"],
        ttl: ["ttl", "number"],
        hoplimit: ["ttl", "number"],
      } as Partial<Record<string, Known>>
    )[name];
    // ip6 length is that of the payload, without the header.
    if (known === undefined || (protocol === "ip6" && name === "length")) return undefined;
    return { ...field(known), family: protocol };
  }
  if (protocol === "icmp" || protocol === "icmpv6") {
    const protocols = [PROTOCOLS[protocol] ?? 0];
    if (name === "type") {
      return { ...field(["icmp-type", protocol === "icmp" ? "icmp-type" : "icmpv6-type"]), protocols };
    }
    return name === "code" ? { ...field(["icmp-code", "icmp-code"]), protocols } : undefined;
  }
  const number = PROTOCOLS[protocol];
  const protocols = protocol === "th" ? PORT_PROTOCOLS : number === undefined ? undefined : [number];
  if (protocols === undefined) return undefined;
  if (name === "sport") return { ...field(["source-port", "port"]), protocols };
  if (name === "dport") return { ...field(["destination-port", "port"]), protocols };
  return protocol === "tcp" && name === "flags" ? { ...field(["tcp-flags", "tcp-flags"]), protocols } : undefined;
}

function connectionField(body: JsonObject): FieldExpression | undefined {
  const [key, direction] = [textOf(body["key"]), body["dir"]];
  if (direction === undefined) {
    const known = CT[key];
    return known === undefined ? undefined : field(known);
  }
  // nft 1.0.6 writes the family in front of the key.
  const words = key.split(" ");
  const [suffix, datatype] = CT_TUPLE[words.at(-1) ?? ""] ?? [];
  if (suffix === undefined || datatype === undefined) return undefined;
  const name = `ct-${direction === "reply" ? "reply" : "original"}-${suffix}` as FieldName;
  return { kind: "field", name, datatype };
}

function addressTypeField(body: JsonObject): FieldExpression | undefined {
  const flags = typeof body["flags"] === "string" ? [body["flags"]] : listOf(body["flags"]);
  // With an interface it asks for the type as seen from there.
  if (body["result"] !== "type" || flags.length !== 1) return undefined;
  if (flags[0] === "saddr") return { kind: "field", name: "source-type", datatype: "address-type" };
  return flags[0] === "daddr" ? { kind: "field", name: "destination-type", datatype: "address-type" } : undefined;
}
