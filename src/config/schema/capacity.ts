import * as z from "zod";
import { TIMEOUT_NAMES, type TimeoutName } from "../gateway.ts";
import { readTimeout } from "../values/duration.ts";
import { numberBetween } from "../values/number.ts";
import { readRate } from "../values/rate.ts";
import { choice, keys, scalar } from "./field.ts";
import { PATTERNS } from "./patterns.ts";

const profile = choice(["rfc", "paper", "kernel"], {
  description:
    "rfc (so unless said): never under the minimums of RFC 4787, 5382 and 5508. paper: 300 s for established TCP. kernel: what the kernel has.",
  examples: ["rfc"],
});

// nf_conntrack_max is an int.
const count = (description: string, example: number) =>
  scalar(numberBetween(1, 2 ** 31 - 1), {
    description,
    examples: [example],
    type: ["integer", "string"],
    minimum: 1,
    pattern: PATTERNS.number,
  });

function timeout(name: TimeoutName) {
  return scalar(readTimeout, {
    description: `The conntrack timeout ${name}, in whole seconds.`,
    examples: ["2h4m", "300s"],
    type: "string",
    pattern: PATTERNS.duration,
  }).optional();
}

type TimeoutShape = { [N in TimeoutName]: ReturnType<typeof timeout> };

const timeoutShape = Object.fromEntries(TIMEOUT_NAMES.map((name) => [name, timeout(name)])) as TimeoutShape;

/** `capacity`: what the gateway must hold. */
export const capacitySchema = keys("the capacity", {
  subscribers: count("People or machines behind the gateway. Unless said, counted from source-nat.", 10000).optional(),
  "connections-per-subscriber": count("Connections each has at the busy hour. Unless said, 170.", 170).optional(),
  "new-connections-per-second": count("New connections per second at the busy hour, if known.", 5000).optional(),
  bandwidth: scalar(readRate, {
    description: "Traffic the gateway carries at the busy hour, both directions together, if known.",
    examples: ["10gbit"],
    type: "string",
    pattern: PATTERNS.rate,
  }).optional(),
  timeouts: z
    .union([profile, keys("timeouts", { profile: profile.optional(), ...timeoutShape })])
    .optional()
    .meta({ description: "Timeouts of connections: a profile, or a map of a profile and timeouts set by hand." }),
});

export type CapacityEntry = z.output<typeof capacitySchema>;
