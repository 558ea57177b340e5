import { Fault, quote } from "../fault.ts";

const UNITS: Readonly<Record<string, number>> = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9, tbit: 1e12 };

/** Reads a rate in tc's words, `10gbit`, in bits per second. */
export function readRate(text: string): number | Fault {
  const match = /^(\d+(?:\.\d+)?)([kmgt]?bit)$/.exec(text);
  const rate = match === null ? 0 : Math.round(Number(match[1]) * (UNITS[match[2] ?? ""] ?? 0));
  if (rate >= 1 && rate <= 1e15) return rate;
  const fix = /^[\d.]+\s*[kKmMgGtT](bps|b\/s|bit\/s|b)?$/.test(text)
    ? `write ${text.replace(/\s*([kKmMgGtT]).*$/, (_, unit: string) => `${unit.toLowerCase()}bit`)}`
    : "write 10gbit, 500mbit";
  return new Fault("bad-rate", `${quote(text)} is not a rate`, fix);
}
