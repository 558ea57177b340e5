import { line, spread, styled, type Line } from "./line.ts";
import { duration, whole } from "./quantity.ts";
import type { TopView } from "./view.ts";

/** Lines above the connections. */
export const SUBSCRIBER_HEAD = 2;

/** The connections of the subscriber looked into, from line `scroll` on; `height` lines at most. */
export function connectionLines(view: TopView, address: string, scroll: number, width: number, height: number): Line[] {
  const { subscriber } = view;
  if (subscriber === undefined) return [line(styled("heading", address)), line(styled("quiet", "being read"))];
  if ("unavailable" in subscriber)
    return [line(styled("heading", address)), line(styled("bad", subscriber.unavailable))];
  const { rows, connections, age } = subscriber;
  const title = `Subscriber ${subscriber.address}: ${whole(connections)} connections`;
  const places = Math.max(0, height - SUBSCRIBER_HEAD);
  const shown = rows.slice(scroll, scroll + places);
  const range = shown.length === 0 ? "" : `${whole(scroll + 1)}-${whole(scroll + shown.length)}, `;
  const [to, as] = [columnWidth("TO", rows, "to"), columnWidth("AS", rows, "translated")];
  return [
    spread([styled("heading", title)], `${range}${duration(age)} old`, width),
    line(
      styled("heading", ["PROTO ", "STATE".padEnd(11), "  LEFT", " PORT ", "TO".padEnd(to), "AS".padEnd(as)].join(" ")),
    ),
    ...shown.map((row) =>
      line(
        [
          row.protocol.padEnd(6),
          row.state.padEnd(11),
          shortTime(row.timeout).padStart(6),
          portOf(row.from).padStart(5).padEnd(6),
          row.to.padEnd(to),
          (row.translated ?? "").padEnd(as),
        ].join(" "),
      ),
    ),
    ...(scroll + shown.length >= rows.length && connections > rows.length && shown.length < places
      ? [line(styled("quiet", `${whole(connections - rows.length)} more`))]
      : []),
  ];
}

function columnWidth(
  head: string,
  rows: readonly { readonly to: string; readonly translated: string | undefined }[],
  column: "to" | "translated",
): number {
  return Math.max(head.length, ...rows.map((row) => row[column]?.length ?? 0));
}

/** In the largest unit that it has one of. */
function shortTime(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}

/** The port of an end: the address is the same for all. */
function portOf(end: string): string {
  return /(?:^[^:]*|\]):(\d+)$/.exec(end)?.[1] ?? "";
}
