import * as z from "zod";
import { Fault } from "../fault.ts";
import type { SourceNatTarget } from "../gateway.ts";
import { readHostAddress } from "../values/address.ts";
import { readListen, readPlace } from "../values/forward.ts";
import { readName } from "../values/name.ts";
import { numberBetween } from "../values/number.ts";
import { readNetwork } from "../values/prefix.ts";
import { readHostRange, readRange } from "../values/range.ts";
import { choice, keys, oneOrMore, scalar, type FieldMeta } from "./field.ts";
import { reachedBy } from "./pools.ts";
import { PATTERNS } from "./patterns.ts";

const RANGE = { type: "string", pattern: PATTERNS.range } as const;

/** A name of an entry. */
export function name(what: string, example: string) {
  return scalar(readName, text(`The name of ${what}, in commands and counters.`, example, PATTERNS.name));
}

const link = (description: string, example: string) => scalar(readName, text(description, example, PATTERNS.name));

const out = link("The link the packets leave by. Unless said, the only link with a gateway.", "wan").optional();

const portPolicy = z
  .union([
    choice(
      ["shared"],
      { description: "All subscribers share all ports of their address.", examples: ["shared"] },
      ", or a map with per-subscriber and selection",
    ),
    keys("a port policy", {
      "per-subscriber": scalar(readBlockSize, {
        description:
          "Ports each subscriber has to itself, so that address and port tell the subscriber without a log (RFC 7422).",
        examples: [128],
        type: ["integer", "string"],
        minimum: 1,
        maximum: 65535,
        pattern: PATTERNS.number,
      }).optional(),
      selection: choice(["preserve", "random"], {
        description:
          "preserve: the port of the subscriber where it is free, and the same public port for all destinations where that can be. random: an unpredictable one; new connections begin as fast in a full table as in an empty one. Unless said, preserve, or random where the table is to be so large that preserving would slow new connections down.",
        examples: ["preserve", "random"],
      }).optional(),
    }),
  ])
  .meta({ description: "Who may use which ports. Unless said, all subscribers share all ports of their address." });

/** An entry of `source-nat`. */
export const sourceNatSchema = keys("a source-nat rule", {
  name: name("the rule", "campus"),
  from: oneOrMore(readRange, {
    description:
      "The subscribers: an address, a range, a network, or a list of these. Their order decides the port blocks.",
    examples: ["10.10.1.0-10.10.40.15", "10.0.0.0/8"],
    ...RANGE,
  }),
  out,
  to: scalar(readTarget, {
    description:
      "What the source becomes: a pool by name, one public address, or masquerade (the address the link has).",
    examples: ["public", "61.138.177.3", "masquerade"],
    type: "string",
    pattern: PATTERNS.sourceTarget,
  }),
  "reached-by": reachedBy.optional(),
  ports: portPolicy.optional(),
  except: oneOrMore(readRange, {
    description: "Sources this rule passes over; a later rule may take them.",
    examples: ["10.10.1.7"],
    ...RANGE,
  }).optional(),
  "untranslated-to": oneOrMore(readRange, {
    description: "Destinations to which packets leave untranslated.",
    examples: ["172.16.0.0/12"],
    ...RANGE,
  }).optional(),
}).superRefine((rule, context) => {
  const blocks = typeof rule.ports === "object" ? rule.ports["per-subscriber"] : undefined;
  if (rule["reached-by"] !== undefined && rule.to.kind !== "address") {
    const fix = rule.to.kind === "pool" ? "write reached-by at the pool" : "delete reached-by";
    const fault = new Fault("reached-by-unused", "this rule has no public address of its own to be reached", fix);
    context.addIssue({ code: "custom", params: { fault }, path: ["reached-by"] });
  }
  if (blocks !== undefined && rule.to.kind === "masquerade") {
    const message = "masquerade has no addresses known beforehand, so no port blocks can be dealt out";
    const fault = new Fault(
      "blocks-without-pool",
      message,
      "translate to a pool or an address, or write ports: shared",
    );
    context.addIssue({ code: "custom", params: { fault }, path: ["ports", "per-subscriber"] });
  }
});

/** An entry of `port-forwards`. */
export const portForwardSchema = keys("a port forward", {
  name: name("the forward", "portal"),
  listen: scalar(
    readListen,
    text("The public address, port or range of ports, and protocol.", "61.138.177.3:8080/tcp", PATTERNS.listen),
  ),
  to: scalar(
    readPlace,
    text(
      "The inside host and its port, or first port; without a port the same ports.",
      "10.10.0.2:8080",
      PATTERNS.place,
    ),
  ),
});

/** An entry of `static-nat`. */
export const staticNatSchema = keys("a static translation", {
  name: scalar(
    readName,
    text("The name of the translation. Unless said, its public addresses.", "mail", PATTERNS.name),
  ).optional(),
  public: scalar(readHostRange, text("The public address, or a network or range.", "198.51.100.9", PATTERNS.range)),
  private: scalar(readHostRange, text("The inside address, or as many of them.", "10.10.0.4", PATTERNS.range)),
  out,
  "reached-by": reachedBy.optional(),
});

const side = {
  link: link("The link these hosts are behind.", "lan"),
  hosts: scalar(readNetwork, text("The network as it is on its own side.", "192.168.1.0/24", PATTERNS.prefix)),
  "seen-as": scalar(readNetwork, text("The network as the other side knows it.", "10.1.1.0/24", PATTERNS.prefix)),
};

/** An entry of `twice-nat`. */
export const twiceNatSchema = keys("a twice NAT", {
  name: name("the translation", "branch"),
  inside: keys("the inside of a twice NAT", side).meta({ description: "The hosts on our side." }),
  outside: keys("the outside of a twice NAT", {
    ...side,
    via: scalar(
      readHostAddress,
      text(
        "The next hop towards the outside hosts, if they are not on the link itself.",
        "172.16.0.2",
        PATTERNS.address,
      ),
    ).optional(),
  }).meta({ description: "The hosts on the other side." }),
});

export type SourceNatEntry = z.output<typeof sourceNatSchema>;
export type PortForwardEntry = z.output<typeof portForwardSchema>;
export type StaticNatEntry = z.output<typeof staticNatSchema>;
export type TwiceNatEntry = z.output<typeof twiceNatSchema>;

function text(description: string, example: string, pattern: string): FieldMeta {
  return { description, examples: [example], type: "string", pattern };
}

function readBlockSize(value: string): number | Fault {
  const size = numberBetween(0, 65535)(value);
  if (size !== 0) return size;
  return new Fault(
    "block-size",
    "a block of 0 ports translates nothing",
    "write how many ports each subscriber gets: 128",
  );
}

type Target =
  | { readonly kind: "masquerade" }
  | { readonly kind: "pool"; readonly pool: string }
  | Omit<Extract<SourceNatTarget, { kind: "address" }>, "reachedBy">;

function readTarget(value: string): Target | Fault {
  if (value === "masquerade") return { kind: "masquerade" };
  if (/^[A-Za-z]/.test(value) && !value.includes(":")) {
    const pool = readName(value);
    return pool instanceof Fault ? pool : { kind: "pool", pool };
  }
  if (value.includes("-") || value.includes("/")) {
    const range = readHostRange(value);
    if (range instanceof Fault) return range;
    return new Fault(
      "bad-address",
      "several addresses stand where one must be",
      "make them a pool, and write its name here",
    );
  }
  const address = readHostAddress(value);
  return address instanceof Fault ? address : { kind: "address", address };
}
