/**
 * Slots of nf_nat_bysource: the conntrack hash size when nf_nat was set up, which later writes to
 * nf_conntrack_buckets do not change. The kernel does not tell it. It is what apply found before it changed the
 * buckets; else the present number, if that is what was asked for at boot (`hashsize=`), or what a kernel since 5.15
 * takes for this memory (nf_conntrack_init_start in net/netfilter/nf_conntrack_core.c); else not known.
 */
export function bootBuckets(
  memoryBytes: number,
  now: string | undefined,
  beforeApply: string | undefined,
  askedAtBoot?: number,
): number | undefined {
  if (beforeApply !== undefined) return Number(beforeApply);
  if (now === undefined) return undefined;
  return [askedAtBoot, usualBuckets(memoryBytes)].find((slots) => slots === Number(now));
}

const GIB = 2 ** 30;
const POINTER_BYTES = 8;
const PAGE_SLOTS = 4096 / POINTER_BYTES;

function usualBuckets(memoryBytes: number): number {
  if (memoryBytes > 4 * GIB) return 262_144;
  if (memoryBytes > GIB) return 65_536;
  const slots = Math.max(1024, Math.floor(memoryBytes / 16_384 / POINTER_BYTES));
  // The table is made of whole pages.
  return Math.ceil(slots / PAGE_SLOTS) * PAGE_SLOTS;
}
