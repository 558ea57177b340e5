/** Writes a count with its thousands apart: 1,612,800. */
export function formatCount(count: number): string {
  const rounded = Number.isInteger(count) ? String(count) : count.toFixed(1);
  return rounded.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
}

const BYTE_UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** Writes bytes in the largest binary unit that leaves at least 1, with one decimal below 100. */
export function formatBytes(bytes: number): string {
  let value = bytes;
  let unit: string = BYTE_UNITS[0];
  for (const next of BYTE_UNITS.slice(1)) {
    if (value < 1024) break;
    value /= 1024;
    unit = next;
  }
  return `${unit === "B" || value >= 100 ? Math.round(value) : value.toFixed(1)} ${unit}`;
}

const TIME_UNITS = [
  { unit: "d", seconds: 86_400 },
  { unit: "h", seconds: 3600 },
  { unit: "min", seconds: 60 },
  { unit: "s", seconds: 1 },
] as const;

/** Writes whole seconds in days, hours, minutes and seconds, without the parts that are zero: 2 h 4 min. */
export function formatSeconds(seconds: number): string {
  let left = seconds;
  const parts: string[] = [];
  for (const { unit, seconds: size } of TIME_UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    left -= count * size;
  }
  return parts.length === 0 ? "0 s" : parts.join(" ");
}

/** Writes a part of 1 as a percentage as short as tells something: 97 %, 3.3 %, 0.05 %, under 0.01 %; next to nothing is 0 %. */
export function formatShare(share: number): string {
  const percent = share * 100;
  if (percent < 0.0001) return "0 %";
  if (percent < 0.01) return "under 0.01 %";
  if (percent < 1) return `${Number(percent.toPrecision(1))} %`;
  return percent < 10 ? `${Number(percent.toPrecision(2))} %` : `${formatCount(Math.round(percent))} %`;
}

/** Writes the count with its noun, in the plural unless it is 1. */
export function formatNoun(count: number, noun: string, plural = `${noun}s`): string {
  return `${formatCount(count)} ${count === 1 ? noun : plural}`;
}

const RATE_UNITS = ["bit/s", "kbit/s", "Mbit/s", "Gbit/s", "Tbit/s"] as const;

/** Writes bits per second in the largest decimal unit that leaves at least 1: 10 Mbit/s, 1.5 Gbit/s. */
export function formatRate(bits: number): string {
  let value = bits;
  let unit: string = RATE_UNITS[0];
  for (const next of RATE_UNITS.slice(1)) {
    if (value < 1000) break;
    value /= 1000;
    unit = next;
  }
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(3))} ${unit}`;
}
