import * as z from "zod";
import { Fault, type Reader } from "../fault.ts";
import { LIMIT_PRIORITIES } from "../limits.ts";
import { numberBetween } from "../values/number.ts";
import { readPerSecond } from "../values/per-second.ts";
import { readRange } from "../values/range.ts";
import { readRate } from "../values/rate.ts";
import { choice, keys, oneOrMore, scalar } from "./field.ts";
import { PATTERNS } from "./patterns.ts";
import { name } from "./translations.ts";

/** What is slower than this stands still with one full packet. */
const LEAST_RATE = 8000;

// nf_conncount takes an unsigned int; more than the table can hold is no limit.
const MOST_CONNECTIONS = 2 ** 31 - 1;

const COUNT = { type: ["integer", "string"], minimum: 1, pattern: PATTERNS.numberOrUnlimited } as const;

const connections = scalar(orUnlimited(numberBetween(1, MOST_CONNECTIONS)), {
  description: "Connections one subscriber may have at the same time, or unlimited.",
  examples: [1000, "2k"],
  ...COUNT,
}).optional();

const newConnections = z
  .union([
    scalar(orUnlimited(readPerSecond), {
      description: "New connections one subscriber may begin each second, or unlimited.",
      examples: ["100/s"],
      type: "string",
      pattern: PATTERNS.perSecondOrUnlimited,
    }),
    keys("a rate of new connections", {
      rate: scalar(readPerSecond, {
        description: "New connections each second.",
        examples: ["100/s"],
        type: "string",
        pattern: PATTERNS.perSecond,
      }),
      burst: scalar(numberBetween(1, 1_000_000), {
        description: "How many may begin at once after a quiet time. Unless said, as many as in one second.",
        examples: [500],
        type: ["integer", "string"],
        minimum: 1,
        pattern: PATTERNS.number,
      }).optional(),
    }),
  ])
  .optional()
  .meta({ description: "New connections one subscriber may begin each second: 100/s, or a map of rate and burst." });

const subscriber = {
  connections,
  "new-connections": newConnections,
  up: subscriberRate("Bits each second one subscriber may send, or unlimited."),
  down: subscriberRate("Bits each second one subscriber may receive, or unlimited."),
};

const group = keys("a group of subscribers", {
  name: name("the group", "guests"),
  members: oneOrMore(readRange, {
    description: "Who is in it: an address, a range, a network, or a list of these.",
    examples: ["10.10.200.0/22"],
    type: "string",
    pattern: PATTERNS.range,
  }),
  up: rate("Bits each second all of the group together may send."),
  down: rate("Bits each second all of the group together may receive."),
  priority: choice(LIMIT_PRIORITIES, {
    description: "Who is served first when the line is full. Unless said, normal.",
    examples: ["low"],
  }).optional(),
  "per-subscriber": keys("the limits of one subscriber", subscriber)
    .optional()
    .meta({ description: "What each of the group may have; what is left out is as for everybody." }),
});

/** `limits`: what subscribers may take of the gateway. */
export const limitsSchema = keys("the limits", {
  "per-subscriber": keys("the limits of one subscriber", subscriber)
    .optional()
    .meta({ description: "What each subscriber may have." }),
  groups: z.array(group).optional().meta({ description: "Subscribers with limits of their own." }),
  line: keys("the line", {
    up: rate("Bits each second the line to the provider carries."),
    down: rate("Bits each second the line from the provider carries."),
  })
    .optional()
    .meta({ description: "What the line carries: it is shared out fairly, and priority counts when it is full." }),
  reserve: keys("the reserve", {
    "management-ports": oneOrMore(numberBetween(1, 65535), {
      description:
        "TCP ports of the gateway itself, ssh above all, that are reached when the connection table is full: they need no entry in it.",
      examples: [22],
      type: ["integer", "string"],
      minimum: 1,
      maximum: 65535,
    }),
  })
    .optional()
    .meta({ description: "What stays possible when the connection table is full." }),
});

export type LimitsEntry = z.output<typeof limitsSchema>;
export type SubscriberEntry = NonNullable<LimitsEntry["per-subscriber"]>;

function rate(description: string) {
  return scalar(readShapedRate, {
    description,
    examples: ["100mbit"],
    type: "string",
    pattern: PATTERNS.rate,
  }).optional();
}

function subscriberRate(description: string) {
  return scalar(orUnlimited(readShapedRate), {
    description,
    examples: ["10mbit"],
    type: "string",
    pattern: PATTERNS.rateOrUnlimited,
  }).optional();
}

function readShapedRate(text: string): number | Fault {
  const bits = readRate(text);
  if (bits instanceof Fault || bits >= LEAST_RATE) return bits;
  return new Fault("bad-rate", `${text} is too slow for a packet to get through in a second`, "write at least 8kbit");
}

function orUnlimited(read: Reader<number>): Reader<number | "unlimited"> {
  return (text) => (text === "unlimited" ? text : read(text));
}
