import type * as z from "zod";
import { Fault, quote } from "../fault.ts";
import type { Probe } from "../uplink.ts";
import { readDuration } from "../values/duration.ts";
import { readPlace } from "../values/forward.ts";
import { readName } from "../values/name.ts";
import { keys, oneOrMore, scalar } from "./field.ts";
import { PATTERNS } from "./patterns.ts";

const LEAST = 100;
const MOST = 3_600_000;

/** An entry of `uplinks`. */
export const uplinkSchema = keys("an uplink", {
  link: scalar(readName, {
    description: "The link to the provider. It has a gateway.",
    examples: ["isp1"],
    type: "string",
    pattern: PATTERNS.name,
  }),
  health: keys("the health of an uplink", {
    probe: oneOrMore(readProbe, {
      description:
        "Who is asked whether the provider works: an address by ICMP echo, an address and port by a TCP connection. One that answers is enough. Unless said, the gateway of the link, which says nothing of what lies beyond it.",
      examples: ["[9.9.9.9, 1.1.1.1:443]"],
      type: "string",
      pattern: PATTERNS.place,
    }).optional(),
    interval: scalar(readTime, time("How often each is asked. Unless said, 1s.", "500ms")).optional(),
    "down-after": scalar(
      readTime,
      time(
        "So long without any answer, and new connections take another uplink. Unless said, 3s. When the carrier is lost they do at once.",
        "3s",
      ),
    ).optional(),
    "up-after": scalar(
      readTime,
      time("So long with answers, and new connections come back. Unless said, 10s.", "30s"),
    ).optional(),
  })
    .optional()
    .meta({ description: "How it is found out whether the provider works." }),
});

export type UplinkEntry = z.output<typeof uplinkSchema>;

function time(description: string, example: string) {
  return { description, examples: [example], type: "string", pattern: PATTERNS.duration } as const;
}

function readTime(text: string): number | Fault {
  const milliseconds = readDuration(text);
  if (milliseconds instanceof Fault || (milliseconds >= LEAST && milliseconds <= MOST)) return milliseconds;
  return new Fault("bad-duration", `${quote(text)} is not between 100ms and 1h`, "write a time from 100ms to 1h");
}

function readProbe(text: string): Probe | Fault {
  const place = readPlace(text);
  if (place instanceof Fault) return place;
  const { address, ports } = place;
  if (ports === undefined) return { address };
  if (ports.first === ports.last) return { address, port: ports.first };
  const fix = `write one port: ${text.slice(0, text.indexOf("-"))}`;
  return new Fault("bad-port", `${quote(text)} names several ports, and one is asked`, fix);
}
