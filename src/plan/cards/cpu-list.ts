/** CPUs as people and the kernel write them: `0-3,8`; `none` for no CPU. */
export function formatCpus(cpus: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const cpu of cpus.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run !== undefined && cpu === run[1] + 1) run[1] = cpu;
    else if (run?.[1] !== cpu) runs.push([cpu, cpu]);
  }
  if (runs.length === 0) return "none";
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(",");
}

/** Says whether two sets of CPUs are the same. */
export function sameCpus(a: readonly number[], b: readonly number[]): boolean {
  return formatCpus(a) === formatCpus(b);
}

const SHOWN = 4;

/** The CPUs of several queues in one cell: one word if all are alike, else the first few. */
export function formatEach(sets: readonly (readonly number[])[]): string {
  const words = sets.map(formatCpus);
  if (new Set(words).size === 1) return words[0] ?? "-";
  return words.length <= SHOWN ? words.join(" ") : `${words.slice(0, SHOWN).join(" ")} ...`;
}
