/**
 * Ports the kernel tries in order in each round of its search, each from a new random start
 * (nf_nat_l4proto_unique_tuple in net/netfilter/nf_nat_core.c); then it gives up, and the packet is dropped.
 */
export const SEARCH_ROUNDS: readonly number[] = [128, 64, 32, 16, 8];

/** The first round goes once through a range of at most so many ports. */
export const SEARCHED_WHOLE = 128;

/**
 * In the last so many tries of a round a TCP connection takes the port of one that has ended, since Linux 6.5
 * (nf_nat_used_tuple_harder): if its own first sequence number lies ahead of the other's, which is as likely as not.
 */
export const HARDER_TRIES = 32;

/**
 * Says whether the kernel always finds the last free port of a range of so many. It counts in 16 bits and takes the
 * remainder: where the count goes round, it skips ports unless the size divides 65,536. About one of a thousand blocks
 * of 100 ports is so refused a port that is free while it fills; of 64 and 128, none (measured on 6.18).
 */
export function findsLastPort(ports: number): boolean {
  return ports >= 1 && ports <= SEARCHED_WHOLE && Number.isInteger(Math.log2(ports));
}

/** Says by its release whether a kernel lets new TCP connections take ports of those that have ended: Linux 6.5. */
export function takesOverPorts(release: string): boolean {
  const [, major = "", minor = ""] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  return Number(major) > 6 || (Number(major) === 6 && Number(minor) >= 5);
}
