import type { LimitUse } from "../observe/limits.ts";
import { formatBytes, formatCount, formatNoun } from "../plan/figures.ts";
import { table } from "./text-layout.ts";

const SHOWN = 10;
const WIDTH = 100;

/** What the limits did, for people: who was refused what, and whose packets wait. */
export function limitUseLines({ refused, shaped }: LimitUse): string[] {
  return [...refusedLines(refused), ...shaped.flatMap(shapedLines)];
}

function refusedLines(refused: LimitUse["refused"]): string[] {
  if (refused.length === 0) return ["  nobody was refused a connection"];
  const cells = refused
    .slice(0, SHOWN)
    .map(({ address, connections, rate }) => [address, formatCount(connections), formatCount(rate)]);
  const lines = table([["refused", "too many", "too fast"], ...cells], ["left", "right", "right"], WIDTH);
  return [...lines, ...more(refused.length)];
}

function shapedLines({
  interface: device,
  classes,
  bytes,
  drops,
  backlogBytes,
  held,
}: LimitUse["shaped"][number]): string[] {
  const sums = `${formatBytes(bytes)} sent, ${formatNoun(drops, "packet")} dropped, ${formatBytes(backlogBytes)} waiting`;
  const head = `  ${device}: ${formatNoun(classes, "class", "classes")}, ${sums}`;
  if (held.length === 0) return [head];
  const cells = held
    .slice(0, SHOWN)
    .map((one) => [
      one.address ?? one.class,
      one.class,
      formatBytes(one.bytes),
      formatCount(one.drops),
      formatBytes(one.backlogBytes),
    ]);
  const titles = ["held to its rate", "class", "sent", "dropped", "waiting"];
  return [head, ...table([titles, ...cells], ["left", "left", "right", "right", "right"], WIDTH), ...more(held.length)];
}

function more(count: number): string[] {
  return count > SHOWN ? [`  ... and ${formatCount(count - SHOWN)} more`] : [];
}
