import type { Ipv4 } from "../../address/ipv4.ts";
import { countAddresses, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import type { LimitPriority } from "../../config/limits.ts";
import { classNumbers, FIRST_GROUP_CLASS, LINE_CLASS, MOST_CLASSES, MOST_GROUPS, REST_CLASS } from "./class-numbers.ts";
import type { ClassPlan, Direction, LimitedBody, LinkShaping } from "./limits-plan.ts";
import { shapedLinks, type ShapedLink } from "./link-members.ts";

/** A line nobody has said the rate of: more than any has. */
export const UNKNOWN_LINE = 1e12;
/** Part of a line that is always there for the gateway's own packets. */
const REST_SHARE = 0.05;
const PRIORITIES: Readonly<Record<LimitPriority, number>> = { high: 1, normal: 3, low: 5 };
/** The kernel's classes get at least one byte a second. */
const LEAST = 8;

/** Shares a link's outgoing packets out; empty where nothing of it is limited. */
export function planShaping(gateway: Gateway, bodies: readonly LimitedBody[]): LinkShaping[] {
  const shaped = shapedLinks(gateway).map((link) => ({ link, shares: sharesOf(gateway, bodies, link) }));
  const single = shaped.flatMap(({ shares }) => shares.flatMap(({ isEach, members }) => (isEach ? members : [])));
  const numbers = classNumbers([...new Set(single.flatMap(addressesIn))]);
  return shaped.flatMap(({ link, shares }): LinkShaping[] => {
    if (shares.length === 0) return [];
    const { name } = link.link;
    const line = gateway.limits?.line[link.direction];
    return [{ link: name, direction: link.direction, classes: classesOf(shares, line, numbers) }];
  });
}

/** How many subscribers of a body are shaped one by one on a link, for all bodies of all links; before any class is made. */
export function countClasses(gateway: Gateway, bodies: readonly LimitedBody[]): { link: string; count: number }[] {
  return shapedLinks(gateway).map((link) => {
    const counts = sharesOf(gateway, bodies, link).map(({ isEach, count }) => (isEach ? count : 1));
    return { link: link.link.name, count: counts.reduce((sum, count) => sum + count, 0) };
  });
}

/** What a body gets of one link. */
interface Share {
  readonly body: LimitedBody;
  /** Its place in the list of bodies: the number of its class must not depend on who else is shaped. */
  readonly at: number;
  readonly members: readonly Ipv4Range[];
  readonly count: number;
  /** A class for each subscriber; else one for all, in which connections share. */
  readonly isEach: boolean;
  /** The most of all together and of each, bits per second; infinite where nothing is said. */
  readonly most: number;
  readonly mostEach: number;
}

function sharesOf(gateway: Gateway, bodies: readonly LimitedBody[], shaped: ShapedLink): Share[] {
  const { direction } = shaped;
  const line = gateway.limits?.line[direction];
  return bodies.flatMap((body, at): Share[] => {
    const members = shaped.membersOf(body.members);
    const count = countAddresses(members);
    const own = body.group?.[direction];
    const each = body.perSubscriber[direction];
    if (count === 0 || (line ?? own ?? each) === undefined) return [];
    const most = Math.min(own ?? Infinity, line ?? Infinity);
    const isEach = each !== undefined || count <= MOST_SHARED;
    return [{ body, at, members, count, isEach, most, mostEach: Math.min(each ?? Infinity, most) }];
  });
}

/** Without a rate of its own for each, more subscribers than this share a class: fairness among so many is worth no memory. */
const MOST_SHARED = 8192;

function classesOf(
  shares: readonly Share[],
  line: number | undefined,
  numbers: ReadonlyMap<Ipv4, number>,
): ClassPlan[] {
  const whole = line ?? UNKNOWN_LINE;
  const total = shares.reduce((sum, { count }) => sum + roundUp(count), 0);
  const classes: ClassPlan[] = [
    { number: LINE_CLASS, guaranteed: whole, most: whole, priority: 0, members: [] },
    ...(line === undefined ? [] : [restClass(line)]),
  ];
  for (const share of shares) {
    const { body, at, members, count, most, mostEach, isEach } = share;
    // Without a line there is nothing to be shared but what the group has.
    const part = line === undefined ? most : (line * (1 - REST_SHARE) * roundUp(count)) / total;
    const guaranteed = Math.min(most, part);
    const priority = PRIORITIES[body.group?.priority ?? "normal"];
    const number = FIRST_GROUP_CLASS - at;
    if (!isEach) {
      classes.push({ number, parent: LINE_CLASS, ...rates(guaranteed, most), priority, members });
      continue;
    }
    const hasOwn = body.group !== undefined && Number.isFinite(most) && most !== line;
    const parent = hasOwn ? number : LINE_CLASS;
    if (hasOwn) classes.push({ number, parent: LINE_CLASS, ...rates(guaranteed, most), priority: 0, members: [] });
    const one = rates(Math.min(mostEach, guaranteed / roundUp(count)), mostEach);
    for (const address of members.flatMap(addressesIn)) {
      const range = [{ first: address, last: address }];
      classes.push({ number: numbers.get(address) ?? 0, parent, ...one, priority, members: range });
    }
  }
  return classes;
}

/**
 * A power of two, so that one subscriber more changes nobody's class. Nothing is lost: what is guaranteed to nobody is
 * shared out evenly all the same.
 */
function roundUp(count: number): number {
  return 2 ** Math.ceil(Math.log2(count));
}

function restClass(line: number): ClassPlan {
  return { number: REST_CLASS, parent: LINE_CLASS, ...rates(line * REST_SHARE, line), priority: 2, members: [] };
}

function rates(guaranteed: number, most: number): { guaranteed: number; most: number } {
  return { guaranteed: Math.max(LEAST, Math.floor(guaranteed)), most: Math.max(LEAST, Math.floor(most)) };
}

function addressesIn({ first, last }: Ipv4Range): Ipv4[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

/** Says whether the classes of every link can be made. */
export function fitsKernel(counts: readonly { readonly count: number }[], groups: number): boolean {
  return groups <= MOST_GROUPS && counts.every(({ count }) => count <= MOST_CLASSES);
}

/** What a direction is called in the file. */
export const DIRECTIONS: readonly Direction[] = ["up", "down"];
