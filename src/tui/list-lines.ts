import { indexOf, type Controls } from "./controls.ts";
import { bar, line, spread, styled, type Line, type TextStyle } from "./line.ts";
import { duration, percent, rate, whole } from "./quantity.ts";
import type { AddressView, SubscriberView, TopView } from "./view.ts";

const IPV4_WIDTH = 15;
const COUNT_WIDTH = 11;
const WIDEST_BAR = 24;
const LEAST_BAR = 5;
/** "64,512 of 64,512" and what parts it. */
const TAKEN_WIDTH = 18;
/** From here on the ports towards a destination run short, and are about to run out. */
const WARNING_OCCUPANCY = 0.7;
const BAD_OCCUPANCY = 0.9;

/** Public addresses as bars, the fullest first; with a head, `height` lines at most. */
export function addressLines({ addresses }: TopView, width: number, height: number): Line[] {
  const rows = addresses.slice(0, Math.max(0, height - 1));
  const more = addresses.length - rows.length;
  const head = `${"PUBLIC ADDRESS".padEnd(IPV4_WIDTH)}  ${"CONNECTIONS".padStart(COUNT_WIDTH)}  PORTS TAKEN TO FULLEST`;
  return [
    spread([styled("heading", head)], more > 0 ? `${whole(more)} more` : "", width),
    ...rows.map((row) => addressLine(row, width, Math.max(0, ...rows.map((one) => placeOf(one).length)))),
  ];
}

/** Where most ports go. */
function placeOf({ fullest }: AddressView): string {
  if (fullest === undefined) return "";
  const { destination, destinationPort, protocol } = fullest;
  return `${destination}${destinationPort === 0 ? "" : `:${destinationPort}`} ${protocol}`;
}

/** `placeWidth` is that of the longest place: bars are to be compared. */
function addressLine(row: AddressView, width: number, placeWidth: number): Line {
  const { address, connections, fullest } = row;
  const left = `${address.padEnd(IPV4_WIDTH)}  ${whole(connections).padStart(COUNT_WIDTH)}  `;
  if (fullest === undefined)
    return line(left, styled("quiet", connections === 0 ? "unused" : "no destination stands out"));
  const { occupancy, used, ports } = fullest;
  const style: TextStyle | undefined =
    occupancy >= BAD_OCCUPANCY ? "bad" : occupancy >= WARNING_OCCUPANCY ? "warning" : "good";
  const room = width - left.length - 10 - placeWidth;
  const withTaken = room >= TAKEN_WIDTH + LEAST_BAR * 2;
  const length = Math.min(WIDEST_BAR, withTaken ? room - TAKEN_WIDTH : room);
  const taken = withTaken ? `${whole(used)} of ${whole(ports.last - ports.first + 1)}` : "";
  return line(
    left,
    styled(style, `${length >= LEAST_BAR ? `${bar(occupancy, length)} ` : ""}${percent(occupancy).padStart(7)}`),
    withTaken ? `  ${placeOf(row).padEnd(placeWidth)}  ${taken}` : `  ${placeOf(row)}`,
  );
}

/** Subscribers, with the cursor unless there are no keys; `height` lines with the head. */
export function subscriberLines(
  view: TopView,
  controls: Controls,
  width: number,
  height: number,
  withCursor = true,
): Line[] {
  const { rows, total, error } = view.subscribers;
  const widest = Math.max(IPV4_WIDTH, ...rows.map(({ address }) => address.length));
  const sorted = (order: Controls["order"], text: string): string => (controls.order === order ? `${text}*` : text);
  const withShare = width >= widest + 36;
  const head = [
    "SUBSCRIBER".padEnd(widest + 2),
    sorted("connections", "CONNECTIONS").padStart(COUNT_WIDTH + 1),
    sorted("new", "NEW/S").padStart(9),
    ...(withShare ? ["SHARE".padStart(8)] : []),
  ].join(" ");
  const most = Math.max(1, ...rows.map(({ connections }) => connections));
  const lines: Line[] = [spread([styled("heading", head)], ageText(view, width - head.length - 1), width)];
  const visible = Math.max(0, height - 1);
  const cursor = indexOf(
    controls,
    rows.map(({ address }) => address),
  );
  const first = Math.max(0, Math.min(cursor - Math.floor(visible / 2), rows.length - visible));
  for (const [index, row] of rows.slice(first, first + visible).entries()) {
    const isSelected = withCursor && first + index === cursor;
    const cells = subscriberCells(row, isSelected, widest);
    const text = cells.slice(0, withShare ? 4 : 3).join(" ");
    const room = Math.min(WIDEST_BAR, width - text.length - 2);
    const gauge = room >= LEAST_BAR ? `  ${bar(row.connections / most, room)}` : "";
    lines.push([styled(isSelected ? "selected" : undefined, text), { text: gauge, style: "quiet" }]);
  }
  if (rows.length === 0 && visible > 0) lines.push(line(styled("quiet", emptyText(view))));
  const left = (total ?? 0) - rows.length;
  const free = height - lines.length;
  if (free > 0 && controls.filter === "" && left > 0) lines.push(line(styled("quiet", `  ${whole(left)} more`)));
  if (free > 1 && error > 0) lines.push(line(styled("quiet", `  counts may be too low by ${whole(error)}`)));
  return lines;
}

function emptyText({ survey, subscribers }: TopView): string {
  if ("unavailable" in survey) return `  ${survey.unavailable}`;
  return subscribers.filter === "" ? "  no connections" : `  no subscriber has ${subscribers.filter} in its address`;
}

/** As long as there is room for. */
function ageText({ survey, subscribers }: TopView, room: number): string {
  if ("unavailable" in survey) return "";
  const age = `${duration(survey.age)} old`;
  const every = `${age}, read every ${duration(survey.interval)}${survey.consistent ? "" : ", not exact"}`;
  const total = subscribers.total === undefined ? "" : `${whole(subscribers.total)} in all, `;
  return [total + every, every, age].find((text) => text.length <= room) ?? "";
}

function subscriberCells(row: SubscriberView, isSelected: boolean, widest: number): string[] {
  return [
    `${isSelected ? ">" : " "} ${row.address.padEnd(widest)}`,
    whole(row.connections).padStart(COUNT_WIDTH + 1),
    (row.newPerSecond === undefined ? "-" : rate(row.newPerSecond)).padStart(9),
    percent(row.share).padStart(8),
  ];
}
