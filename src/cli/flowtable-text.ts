import type { FlowtableStatus } from "../fastpath/flowtable.ts";
import type { Output } from "./output.ts";
import { hang } from "./text-layout.ts";

const WIDTH = 100;

/** How the kernel's flowtable stands, in a few lines. */
export function flowtableLines(
  output: Output,
  { since, devices }: FlowtableStatus,
  notes: readonly string[] = [],
): string[] {
  const between =
    devices.length === 0 ? "but none of its interfaces is there any more" : `between ${devices.join(", ")}`;
  return [
    `fast path    ${output.paint("good", "on")} since ${since}: the kernel's flowtable, ${between}`,
    "             `meganat flows list --status offload` shows its connections",
    ...notes.flatMap((note) => hang("             ", note, WIDTH)),
  ];
}

/** Its interfaces as those of the other paths are listed. */
export function flowtableDevices({ devices }: FlowtableStatus): { name: string; path: "flowtable" }[] {
  return devices.map((name) => ({ name, path: "flowtable" }));
}
