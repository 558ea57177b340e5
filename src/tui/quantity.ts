/** A whole number with commas between thousands. */
export function whole(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** A number a second: with a decimal below ten, unless it is nothing. */
export function rate(value: number): string {
  const shown = Math.abs(value) < 10 && !Number.isInteger(value) ? value.toFixed(1) : whole(value);
  return shown === "-0.0" || shown === "0.0" || shown === "-0" ? "0" : shown;
}

/** As `rate`, with a sign in front unless it is nothing. */
export function signedRate(value: number): string {
  const shown = rate(value);
  return shown === "0" || shown.startsWith("-") ? shown : `+${shown}`;
}

/** A share of 0 to 1 in percent. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "< 0.1 %";
  return `${value >= 10 ? value.toFixed(0) : value.toFixed(1)} %`;
}

const UNITS: readonly (readonly [seconds: number, name: string])[] = [
  [86_400, "d"],
  [3600, "h"],
  [60, "min"],
  [1, "s"],
];

/** A time in its two largest units: `2 h 5 min`, `45 s`. */
export function duration(seconds: number): string {
  const total = Math.round(seconds);
  const first = UNITS.findIndex(([size]) => total >= size);
  if (first < 0) return "0 s";
  let left = total;
  const parts = UNITS.slice(first, first + 2).map(([size, name]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return [count, name] as const;
  });
  return parts
    .filter(([count]) => count > 0)
    .map(([count, name]) => `${count} ${name}`)
    .join(" ");
}
