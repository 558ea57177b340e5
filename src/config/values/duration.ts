import { Fault, quote } from "../fault.ts";

const MILLISECONDS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7 };
const ORDER = ["d", "h", "m", "s", "ms"];

// The kernel keeps timeouts in jiffies in an int: with 1000 a second that is 24 days.
const MAX_SECONDS = 2_147_483;

/** Reads a length of time, `5m`, `2h4m` or `200ms`, in milliseconds. */
export function readDuration(text: string): number | Fault {
  const parts = [...text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)];
  const units = parts.map((part) => ORDER.indexOf(part[2] ?? ""));
  const isOrdered = units.every((unit, index) => index === 0 || unit > (units[index - 1] ?? 0));
  if (parts.length > 0 && isOrdered && parts.map((part) => part[0]).join("") === text) {
    const sum = parts.reduce((total, part) => total + Number(part[1]) * (MILLISECONDS[part[2] ?? ""] ?? 0), 0);
    return Math.round(sum * 1000) / 1000;
  }
  const message = `${quote(text)} is not a length of time`;
  if (/^\d+$/.test(text))
    return new Fault("bad-duration", `${message}: it has no unit`, `write ${Number(text)}s for seconds`);
  return new Fault("bad-duration", message, "write days, hours, minutes and seconds in that order: 5m, 2h4m, 1d");
}

/** Reads a conntrack timeout in seconds: whole ones, as the kernel counts. */
export function readTimeout(text: string): number | Fault {
  const milliseconds = readDuration(text);
  if (milliseconds instanceof Fault) return milliseconds;
  const seconds = milliseconds / 1000;
  if (!Number.isInteger(seconds) || seconds < 1) {
    const message = `${quote(text)} is no whole number of seconds; the kernel counts timeouts in seconds`;
    return new Fault("bad-duration", message, `write ${Math.max(1, Math.round(seconds))}s`);
  }
  if (seconds <= MAX_SECONDS) return seconds;
  const message = `${quote(text)} is over ${MAX_SECONDS} seconds (24 days), the most the kernel can count`;
  return new Fault("bad-duration", message, "write at most 24d");
}

/** Writes seconds in the largest units that leave nothing over: 7440 is `2h4m`. */
export function formatDuration(seconds: number): string {
  let left = seconds;
  let text = "";
  for (const [unit, size] of [
    ["d", 86400],
    ["h", 3600],
    ["m", 60],
    ["s", 1],
  ] as const) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count > 0) text += `${count}${unit}`;
  }
  return text === "" ? "0s" : text;
}
