import { formatNoun } from "../figures.ts";
import type { CardFacts, CardInterrupt } from "./facts.ts";
import { queuesToCome } from "./channels.ts";
import { formatCpus, formatEach } from "./cpu-list.ts";
import { change, left, right, type Proposal } from "./proposal.ts";

const SETTING = "interrupts";

interface QueueInterrupt extends CardInterrupt {
  readonly queue: number;
}

/** Each queue interrupts one CPU of the card's node. `first` counts on the node's CPUs: cards share them in turn. */
export function proposeInterrupts(card: CardFacts, irqbalance: boolean, first: number): Proposal {
  const found = card.interrupts.flatMap((interrupt) => {
    const queue = queueOfInterrupt(interrupt.name);
    return queue === undefined ? [] : [{ ...interrupt, queue }];
  });
  if (found.length === 0) {
    const why = card.interrupts.length === 0 ? "no interrupts of its own" : "none is named after a queue";
    return left(SETTING, `the device has ${why}`);
  }
  const { rx, tx } = queuesToCome(card);
  const ours = found.filter(({ queue }) => queue < Math.max(rx, tx, 1));
  const now = formatEach(ours.map(({ cpus }) => cpus));
  const node = card.node === undefined ? "" : ` of NUMA node ${card.node}`;
  if (isSpread(ours, card.cpus)) return right(SETTING, now, `each queue interrupts one CPU${node}`);
  const cpuOf = (queue: number): number => card.cpus[(first + queue) % card.cpus.length] ?? 0;
  const changes = ours
    .filter(({ queue, cpus }) => formatCpus(cpus) !== `${cpuOf(queue)}`)
    .map(({ irq, queue }) => ({ place: { kind: "irq", irq } as const, value: `${cpuOf(queue)}` }));
  const proposed = formatEach(ours.map(({ queue }) => [cpuOf(queue)]));
  const balance = irqbalance
    ? "; irqbalance is running and will move them again: `systemctl disable --now irqbalance` first"
    : "";
  const reason = `${formatNoun(ours.length, "interrupt")}, one CPU${node} for each queue, so that its packets stay in one cache${balance}`;
  return change(SETTING, now, proposed, reason, changes);
}

/**
 * The queue that an interrupt is for, by the names that drivers give: `eth0-TxRx-3`, `virtio2-input.0`, `mlx5_comp7@pci:...`,
 * `eth0-rx-1`, `ens5-Tx-Rx-2`. Undefined for those of the card as a whole.
 */
export function queueOfInterrupt(name: string): number | undefined {
  const match = /(?:tx-?rx|tx|rx|input|output|comp|fp|queue|q)[-._]?(\d+)(?:$|@|:)/i.exec(name);
  return match === null ? undefined : Number(match[1]);
}

/** Every queue on one near CPU, and no CPU with more than its share. */
function isSpread(interrupts: readonly QueueInterrupt[], near: readonly number[]): boolean {
  const queuesOf = new Map<number, Set<number>>();
  for (const { cpus, queue } of interrupts) {
    const [cpu] = cpus;
    if (cpu === undefined || cpus.length !== 1 || !near.includes(cpu)) return false;
    queuesOf.set(cpu, (queuesOf.get(cpu) ?? new Set()).add(queue));
  }
  const queues = new Set(interrupts.map(({ queue }) => queue)).size;
  return [...queuesOf.values()].every((one) => one.size <= Math.max(1, Math.ceil(queues / near.length)));
}
