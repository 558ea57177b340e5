/** Queues that send what comes in its order, or shares the line among connections, without classes or a rate. */
const PLAIN: ReadonlySet<string> = new Set(["noqueue", "mq", "pfifo_fast", "pfifo", "bfifo", "fq_codel", "fq"]);

/** Places for filters, no queues. */
const HOOKS: ReadonlySet<string> = new Set(["clsact", "ingress"]);

/** Says whether a queue shapes, sorts or delays what leaves (HTB, CAKE, TBF, ...); one that is not known does. */
export function ordersPackets(kind: string): boolean {
  return !PLAIN.has(kind) && !HOOKS.has(kind);
}
