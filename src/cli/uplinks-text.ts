import type { UplinksStatus, UplinkState } from "../uplinks/status.ts";
import type { UplinkEvent } from "../uplinks/watch.ts";
import type { Output } from "./output.ts";

const EVENTS: Readonly<Record<UplinkEvent["event"], string>> = {
  up: "works again",
  down: "is down",
  withdrawn: "is out of use: new connections take another uplink",
  cleared: "has lost its connections: they are deleted",
  restored: "is in use again: new connections come back",
  gone: "is not routed any more; is the gateway still applied?",
};

/** What happened, in one line. */
export function uplinkEventText({ at, link, event, cause }: UplinkEvent): string {
  return `${at} ${link} ${EVENTS[event]}${cause === undefined ? "" : `: ${cause}`}`;
}

/** The uplinks for `meganat status`. */
export function uplinkLines(output: Output, { uplinks, watched }: UplinksStatus): string[] {
  return [
    ...uplinks.map((uplink) => `  ${uplinkLine(output, uplink, watched)}`),
    ...(watched ? [] : ["  nobody watches them", "  fix: start meganat uplinks watch FILE, or install the gateway"]),
  ];
}

function uplinkLine(output: Output, uplink: UplinkState, watched: boolean): string {
  const { link, interface: device, via, inUse, up, since, cause, asked = 0, lost = 0 } = uplink;
  const state = watched && up !== undefined ? (up ? "up" : "down") : inUse ? "in use" : "out of use";
  const good = inUse && (up ?? true);
  const name = link === undefined || link === device ? device : `${link} (${device})`;
  const use = up === inUse || !watched ? "" : inUse ? ", in use all the same" : ", not in use yet";
  const loss = asked === 0 ? "" : `, ${((100 * lost) / asked).toFixed(0)} % of ${asked} probes lost`;
  if (via === undefined) return `${name}: ${output.paint("bad", "not routed")}; apply the file again`;
  return [
    `${name} by ${via}: ${output.paint(good ? "good" : "bad", state)}`,
    ...(watched && since !== undefined ? [` since ${since}`] : []),
    use,
    ...(watched ? [loss] : []),
    ...(cause === undefined || !watched ? [] : [`; ${cause}`]),
  ].join("");
}
