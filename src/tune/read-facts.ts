import { totalmem } from "node:os";
import { CHANNELS, COALESCING, readEthtool, RINGS } from "../kernel/card/ethtool-netlink.ts";
import { readFeatures } from "../kernel/card/features.ts";
import { readIndirection } from "../kernel/card/indirection.ts";
import { isRunning, readInterrupts } from "../kernel/card/interrupts.ts";
import { readCpus, readNode, readQueueCpus, readSpeed } from "../kernel/card/queues.ts";
import { withSysfs, type Sysfs } from "../kernel/card/sysfs.ts";
import { KernelError } from "../kernel/error.ts";
import { readDriver } from "../kernel/ethtool-driver.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listLinks } from "../kernel/route/link.ts";
import { readSysctl } from "../kernel/sysctl.ts";
import type { CardFacts, CardsFacts, Channels, Coalescing, Known, LinkFacts, Ring } from "../plan/cards/facts.ts";

/** The interfaces of the namespace, as far as it matters which cards carry their packets. */
export function readLinkFacts(namespace: NamespaceName): LinkFacts[] {
  const links = listLinks(namespace);
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return links.map(({ index, name, kind, vlan, shareOf = vlan?.on, onElsewhere }) => {
    const on = shareOf === undefined || onElsewhere === true ? undefined : names.get(shareOf);
    return {
      name,
      ...(kind === undefined ? {} : { kind }),
      ...(on === undefined ? {} : { on }),
      ...(onElsewhere === true ? { onElsewhere } : {}),
      members: links.filter(({ master }) => master === index).map((member) => member.name),
    };
  });
}

/** What these cards are and how they are set, and what of the host they share. */
export function readCardsFacts(namespace: NamespaceName, names: readonly string[]): CardsFacts {
  const links = new Map(listLinks(namespace).map((link) => [link.name, link]));
  return withSysfs(namespace, (sysfs) => ({
    cards: names.flatMap((name) => {
      const link = links.get(name);
      return link === undefined ? [] : [readCard(namespace, sysfs, name, link.mtu)];
    }),
    memoryBytes: totalmem(),
    cpus: readCpus(sysfs),
    irqbalance: isRunning("irqbalance"),
    softnet: readSoftnet(namespace),
  }));
}

function readCard(namespace: NamespaceName, sysfs: Sysfs, name: string, mtu: number): CardFacts {
  const driver = known("driver", () => readDriver(namespace, name));
  const node = readNode(sysfs, name);
  const megabits = readSpeed(sysfs, name);
  return {
    name,
    ...("value" in driver && driver.value !== undefined ? { driver: driver.value } : {}),
    mtu,
    ...(megabits === undefined ? {} : { megabits }),
    ...(node === undefined ? {} : { node }),
    cpus: readCpus(sysfs, node),
    rings: known("rings to size", () => {
      const { rx, rxMax, tx, txMax } = readEthtool(namespace, name, RINGS);
      return { ...ring("rx", rx, rxMax), ...ring("tx", tx, txMax) };
    }),
    channels: known("queues to choose the number of", (): Channels => {
      const { rx, rxMax, tx, txMax, combined, combinedMax } = readEthtool(namespace, name, CHANNELS);
      return { ...ring("combined", combined, combinedMax), ...ring("rx", rx, rxMax), ...ring("tx", tx, txMax) };
    }),
    coalescing: known("coalescing of interrupts", (): Coalescing => {
      const { rxUsecs, txUsecs, adaptiveRx, adaptiveTx } = readEthtool(namespace, name, COALESCING);
      return {
        ...(rxUsecs === undefined ? {} : { rxUsecs }),
        ...(txUsecs === undefined ? {} : { txUsecs }),
        ...(adaptiveRx === undefined ? {} : { adaptiveRx: adaptiveRx === 1 }),
        ...(adaptiveTx === undefined ? {} : { adaptiveTx: adaptiveTx === 1 }),
      };
    }),
    indirection: known("indirection table", () => readIndirection(namespace, name)),
    features: known("offloads to switch", () => Object.fromEntries(readFeatures(namespace, name))),
    interrupts: readInterrupts(sysfs, name),
    rps: readQueueCpus(sysfs, name, "rps"),
    xps: readQueueCpus(sysfs, name, "xps"),
  };
}

function ring<NAME extends string>(
  name: NAME,
  now: number | undefined,
  max: number | undefined,
): Partial<Record<NAME, Ring>> {
  return now === undefined || max === undefined ? {} : ({ [name]: { now, max } } as Partial<Record<NAME, Ring>>);
}

function readSoftnet(namespace: NamespaceName): CardsFacts["softnet"] {
  const budget = readSysctl(namespace, "net.core.netdev_budget");
  const backlog = readSysctl(namespace, "net.core.netdev_max_backlog");
  if (budget !== undefined && backlog !== undefined)
    return { value: { budget: Number(budget), backlog: Number(backlog) } };
  return { missing: "budget and backlog of the CPUs belong to the host's first namespace: tune there" };
}

function known<T>(what: string, read: () => T): Known<T> {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    if (error.code === "kernel-not-supported") return { missing: `the driver has no ${what}` };
    if (error.code === "kernel-permission") return { missing: `may not be read from here: ${error.remedy}` };
    return { missing: error.message };
  }
}
