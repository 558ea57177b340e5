import { FATE_WORDS, FATES, type Fate, type PacketCounts } from "../fastpath/fates.ts";
import type { DeviceStatus, FastPathStatus } from "../fastpath/status.ts";
import { percent, rate, whole } from "../tui/quantity.ts";
import type { Output } from "./output.ts";
import { hang, table } from "./text-layout.ts";

/** Counts of packets that came in, by what became of them; the rest are of packets that leave. */
const ARRIVING = FATES.slice(0, FATES.indexOf("learned"));
const WIDTH = 100;

/** Packets a second by fate, and bytes a second forwarded. */
export interface DeviceRates {
  readonly name: string;
  readonly packetsPerSecond: PacketCounts;
  readonly bytesPerSecond: number;
}

/** Rates between two readings of the same fast path. */
export function deviceRates(before: FastPathStatus, after: FastPathStatus, seconds: number): DeviceRates[] {
  const earlier = new Map(before.devices.map((device) => [device.name, device]));
  return after.devices.map(({ name, packets, bytes }) => {
    const old = earlier.get(name);
    const per = (now: number, then: number | undefined): number => Math.max(0, now - (then ?? 0)) / seconds;
    const perSecond = Object.fromEntries(FATES.map((fate) => [fate, per(packets[fate], old?.packets[fate])]));
    return { name, packetsPerSecond: perSecond as PacketCounts, bytesPerSecond: per(bytes, old?.bytes) };
  });
}

/** How the fast path stands, in a few lines; with rates if there are some. */
export function fastPathLines(
  output: Output,
  status: FastPathStatus | undefined,
  rates: readonly DeviceRates[] = [],
): string[] {
  if (status === undefined) return ["fast path    off: the kernel's network stack forwards every packet"];
  if (!status.whole) {
    return [
      `fast path    ${output.paint("bad", "half on: turning it on or off broke off")}`,
      "  fix: `meganat fastpath off`, or on again",
    ];
  }
  return [
    ...fastPathHead(output, status),
    ...status.devices.flatMap((device) =>
      deviceLines(
        output,
        device,
        rates.find(({ name }) => name === device.name),
      ),
    ),
  ];
}

/** What holds for all interfaces, of a fast path that is whole. */
export function fastPathHead(output: Output, status: FastPathStatus): string[] {
  const { devices, places, coverage, countsConnections, since, notes } = status;
  const paths = devices.map(({ name, path }) => `${name} by ${path}`).join(", ");
  return [
    `fast path    ${output.paint("good", "on")} since ${since}: ${paths}`,
    `             remembers up to ${whole(places.ipv4)} directions of connections, ${whole(places.bytes / 2 ** 20)} MiB`,
    ...(countsConnections
      ? ["             counts packets and bytes of each connection, as the kernel does: `meganat flows` adds both"]
      : []),
    ...(coverage === 1
      ? []
      : [`             only ${percent(coverage)} of the connections: the others come too rarely to be worth it`]),
    ...notes.flatMap((note) => hang("             ", note, WIDTH)),
  ];
}

function deviceLines(output: Output, device: DeviceStatus, rates: DeviceRates | undefined): string[] {
  const { packets, bytes } = device;
  const arrived = sum(packets);
  const share = arrived === 0 ? "" : `, ${percent(packets.forwarded / arrived)} of what came in`;
  const now =
    rates === undefined
      ? ""
      : `; now ${rate(rates.packetsPerSecond.forwarded)} of ${rate(sum(rates.packetsPerSecond))} packets/s, ${rate((rates.bytesPerSecond * 8) / 1e6)} Mbit/s`;
  const others = ARRIVING.filter((fate) => fate !== "forwarded" && packets[fate] > 0);
  const rows = others
    .toSorted((a, b) => packets[b] - packets[a])
    .map((fate) => [whole(packets[fate]), share100(packets, fate, arrived), FATE_WORDS[fate]]);
  return [
    "",
    output.paint("heading", device.name),
    ...(device.reason === undefined ? [] : hang("  ", `by ${device.path}: ${device.reason}`, WIDTH)),
    `  ${whole(packets.forwarded)} packets by the fast path (${whole(bytes / 2 ** 20)} MiB)${share}${now}`,
    ...(rows.length === 0 ? [] : ["  to the kernel:", ...table(rows, ["right", "right", "left"], WIDTH)]),
  ];
}

function share100(packets: PacketCounts, fate: Fate, arrived: number): string {
  return percent(packets[fate] / arrived);
}

function sum(packets: PacketCounts): number {
  return ARRIVING.reduce((total, fate) => total + packets[fate], 0);
}
