import { isKernelError } from "../error.ts";
import type { NamespaceName } from "../namespace.ts";
import type { NetlinkConnection } from "../netlink/connection.ts";
import { NLM_F_CREATE, NLM_F_EXCL } from "../netlink/header.ts";
import { findInterface } from "../route/link-message.ts";
import { withRoute } from "../route/rtnetlink.ts";
import { fqCodelOptions } from "./fq-codel.ts";
import { htbClassOptions, htbQueueOptions, type HtbClass } from "./htb.ts";
import { readClasses } from "./read-shaper.ts";
import {
  RTM_DELQDISC,
  RTM_DELTCLASS,
  RTM_NEWQDISC,
  RTM_NEWTCLASS,
  TC_H_ROOT,
  TCA_KIND,
  TCA_OPTIONS,
  tcHandle,
  tcMessage,
} from "./tc-message.ts";

/** Where a shaper stands, and by which number it is known. */
export interface ShaperPlace {
  readonly interface: string;
  readonly handle: number;
}

/** Puts an HTB queue without classes in place of the kernel's own; throws `kernel-exists` where somebody put another. */
export function addShaper(namespace: NamespaceName, { interface: device, handle }: ShaperPlace, rest: number): void {
  withRoute(namespace, (connection) => {
    const index = findInterface(connection, device);
    const message = tcMessage(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index, tcHandle(handle, 0), TC_H_ROOT)
      .text(TCA_KIND, "htb")
      .nested(TCA_OPTIONS, (options) => htbQueueOptions(options, rest));
    connection.request(message, `put a shaping queue at ${device}`);
  });
}

/** Takes the queue away with all its classes; the kernel puts its own in its place. Throws `kernel-not-found`. */
export function removeShaper(namespace: NamespaceName, { interface: device, handle }: ShaperPlace): void {
  withRoute(namespace, (connection) => {
    const index = findInterface(connection, device);
    const message = tcMessage(RTM_DELQDISC, 0, index, tcHandle(handle, 0), TC_H_ROOT);
    connection.request(message, `take the shaping queue of ${device} away`);
  });
}

/** The classes of the shaper, in no order; empty where there is none. */
export function listClasses(namespace: NamespaceName, { interface: device, handle }: ShaperPlace): HtbClass[] {
  return withRoute(namespace, (connection) => readClasses(connection, findInterface(connection, device), handle));
}

/**
 * Brings the classes of these numbers to what is wanted, whatever is there: those not wanted go, those there are changed.
 * A class that gets another parent is made anew, which drops what waits in it. Parents come before their children in
 * `wanted`. `isFair`: connections take turns in a leaf.
 */
export function setClasses(
  namespace: NamespaceName,
  place: ShaperPlace,
  numbers: ReadonlySet<number>,
  wanted: readonly HtbClass[],
  isFair: boolean,
): void {
  withRoute(namespace, (connection) => {
    const index = findInterface(connection, place.interface);
    const there = new Map(readClasses(connection, index, place.handle).map((one) => [one.number, one]));
    const stays = new Map(wanted.map((one) => [one.number, one]));
    const going = [...there.values()].filter(({ number, parent }) => {
      const next = stays.get(number);
      return numbers.has(number) && (next === undefined || next.parent !== parent);
    });
    // Children first: a class with classes below does not go.
    for (const one of going.toSorted((a, b) => depth(there, b) - depth(there, a))) {
      deleteClass(connection, index, place, one);
      there.delete(one.number);
    }
    for (const one of wanted) {
      const isNew = !there.has(one.number);
      writeClass(connection, index, place, one, isNew);
      if (isNew && one.isLeaf && isFair) addFairQueue(connection, index, place, one);
    }
  });
}

function depth(there: ReadonlyMap<number, HtbClass>, { parent }: HtbClass): number {
  const above = parent === undefined ? undefined : there.get(parent);
  return above === undefined ? 0 : 1 + depth(there, above);
}

function writeClass(
  connection: NetlinkConnection,
  index: number,
  { interface: device, handle }: ShaperPlace,
  one: HtbClass,
  isNew: boolean,
): void {
  const flags = isNew ? NLM_F_CREATE | NLM_F_EXCL : 0;
  const parent = tcHandle(handle, one.parent ?? 0);
  const message = tcMessage(RTM_NEWTCLASS, flags, index, tcHandle(handle, one.number), parent)
    .text(TCA_KIND, "htb")
    .nested(TCA_OPTIONS, (options) => htbClassOptions(options, one));
  connection.request(message, `${isNew ? "make" : "change"} class ${name(handle, one)} of ${device}`);
}

function deleteClass(
  connection: NetlinkConnection,
  index: number,
  { interface: device, handle }: ShaperPlace,
  one: HtbClass,
): void {
  const message = tcMessage(RTM_DELTCLASS, 0, index, tcHandle(handle, one.number), 0);
  try {
    connection.request(message, `delete class ${name(handle, one)} of ${device}`);
  } catch (error) {
    if (!isKernelError(error, "kernel-not-found")) throw error;
  }
}

function addFairQueue(
  connection: NetlinkConnection,
  index: number,
  { interface: device, handle }: ShaperPlace,
  one: HtbClass,
): void {
  const message = tcMessage(RTM_NEWQDISC, NLM_F_CREATE | NLM_F_EXCL, index, 0, tcHandle(handle, one.number))
    .text(TCA_KIND, "fq_codel")
    .nested(TCA_OPTIONS, (options) => fqCodelOptions(options, one.ceiling));
  connection.request(message, `put a fair queue into class ${name(handle, one)} of ${device}`);
}

function name(handle: number, { number }: HtbClass): string {
  return `${handle.toString(16)}:${number.toString(16)}`;
}
