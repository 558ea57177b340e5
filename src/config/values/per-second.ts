import { Fault, quote } from "../fault.ts";
import { numberBetween } from "./number.ts";

const MOST = 1_000_000;

/** Reads a whole number of events each second, `100/s` or `1k/s`. */
export function readPerSecond(text: string): number | Fault {
  const count = /^(.*)\/s$/.exec(text)?.[1];
  if (count !== undefined) return numberBetween(1, MOST)(count);
  const message = `${quote(text)} is not a number for each second`;
  const fix = /^[\d.]+[kM]?$/.test(text) ? `write ${text}/s` : "write a number and /s, as in 100/s";
  return new Fault("bad-rate", message, fix);
}
