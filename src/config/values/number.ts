import { Fault, quote, type Reader } from "../fault.ts";

const UNITS: Readonly<Record<string, number>> = { "": 1, k: 1e3, M: 1e6, G: 1e9 };

/** Reads a whole number between the bounds, written `10000`, `170k` or `1.7M`. */
export function numberBetween(least: number, most: number): Reader<number> {
  return (text) => {
    const count = readCount(text);
    if (count instanceof Fault) return count;
    if (count >= least && count <= most) return count;
    return new Fault(
      "bad-number",
      `${text} is not between ${least} and ${most}`,
      `write a number from ${least} to ${most}`,
    );
  };
}

function readCount(text: string): number | Fault {
  const match = /^(\d+(?:\.\d+)?)([kMG]?)$/.exec(text);
  if (match === null) return notNumber(text);
  const [, digits = "", unit = ""] = match;
  if (/^0\d/.test(digits)) {
    const fix = `write ${digits.replace(/^0+(?=\d)/, "")}${unit}`;
    return new Fault("leading-zero", `${quote(text)} has a leading zero: some programs read it as octal`, fix);
  }
  // 1.7 times 1e6 is not whole in binary; to a thousandth of a unit it is.
  const count = Math.round(Number(digits) * (UNITS[unit] ?? 1) * 1000) / 1000;
  return Number.isInteger(count) ? count : new Fault("bad-number", `${quote(text)} is not a whole number`, "round it");
}

function notNumber(text: string): Fault {
  const digits = text.replaceAll(/(?<=\d)[_, '](?=\d)/g, "");
  const fix = /^\d+$/.test(digits)
    ? `write ${digits}`
    : "write a whole number; k, M and G are thousand, million, billion";
  return new Fault("bad-number", `${quote(text)} is not a number`, fix);
}
