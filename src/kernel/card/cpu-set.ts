/** The CPUs of a list as the kernel writes it: `0-3,8`. */
export function parseCpuList(text: string): number[] {
  return text
    .trim()
    .split(",")
    .flatMap((part) => {
      const [first = NaN, last = first] = part.split("-").map((word) => (word === "" ? NaN : Number(word)));
      return Number.isNaN(first) ? [] : Array.from({ length: last - first + 1 }, (_, i) => first + i);
    });
}

/** The CPUs of a mask as the kernel writes it: hexadecimal words of 32 bits, the highest first. */
export function parseCpuMask(text: string): number[] {
  const words = text.trim().split(",").toReversed();
  return words.flatMap((word, at) => {
    const bits = Number.parseInt(word, 16);
    return Array.from({ length: 32 }, (_, bit) => bit).flatMap((bit) =>
      ((bits >>> bit) & 1) === 1 ? [at * 32 + bit] : [],
    );
  });
}

/** The kernel's mask of these CPUs; `0` for none. */
export function formatCpuMask(cpus: readonly number[]): string {
  const words = Array.from({ length: Math.floor(Math.max(0, ...cpus) / 32) + 1 }, () => 0);
  for (const cpu of cpus) {
    const at = Math.floor(cpu / 32);
    words[at] = ((words[at] ?? 0) | (1 << (cpu % 32))) >>> 0;
  }
  const [highest = 0, ...others] = words.toReversed();
  return [highest.toString(16), ...others.map((word) => word.toString(16).padStart(8, "0"))].join(",");
}
