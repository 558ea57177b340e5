import { countAddresses, overlapIn, type Ipv4Range } from "../../address/ipv4-range.ts";
import type { Gateway } from "../../config/gateway.ts";
import type { Limits } from "../../config/limits.ts";
import type { FilePath } from "../../config/problem.ts";
import { formatCount, formatNoun, formatRate } from "../figures.ts";
import type { TablePlan } from "../plan.ts";
import { planProblem, type PlanProblem } from "../problem.ts";
import { MOST_CLASSES, MOST_GROUPS } from "./class-numbers.ts";
import type { Direction, LimitedBody, LimitsPlan } from "./limits-plan.ts";
import { shapedLinks } from "./link-members.ts";
import { countClasses, DIRECTIONS } from "./shaping.ts";

/** When so few subscribers at their limit fill the table, the limit protects nobody. */
const FEW = 20;
/** Less than this is guaranteed to nobody who wants to work; bits per second. */
const SMALL_SHARE = 64_000;

/** What cannot be limited as the file says, or will not do what it seems to. */
export function* limitProblems(
  gateway: Gateway,
  plan: LimitsPlan | undefined,
  everyone: readonly Ipv4Range[],
  table: TablePlan,
): Generator<PlanProblem> {
  const { limits } = gateway;
  if (limits === undefined || plan === undefined) return;
  for (const { link, count } of countClasses(gateway, plan.bodies)) {
    if (count <= MOST_CLASSES) continue;
    yield planProblem(
      "too-many-classes",
      "error",
      ["limits"],
      `${formatCount(count)} subscribers would have a rate of their own on link ${link}; the kernel can keep ${formatCount(MOST_CLASSES)} apart.`,
      "Write rates for groups of those who need one, or the rate of a group in place of one for each subscriber.",
    );
  }
  if (limits.groups.length > MOST_GROUPS) {
    yield planProblem(
      "too-many-classes",
      "error",
      ["limits", "groups"],
      `There are ${formatCount(limits.groups.length)} groups; the kernel's classes have room for ${formatCount(MOST_GROUPS)}.`,
      "Join groups with the same limits; `members` takes a list.",
    );
  }
  for (const [index, body] of plan.bodies.entries()) {
    const path: FilePath = body.group === undefined ? ["limits"] : ["limits", "groups", index];
    yield* fillsTable(body, [...path, "per-subscriber", "connections"], table);
    yield* beyondLine(body, path, limits);
    yield* nobody(body, path, everyone);
    if (body.group !== undefined && body.group.priority !== "normal" && Object.keys(limits.line).length === 0) {
      yield planProblem(
        "priority-without-line",
        "warning",
        [...path, "priority"],
        `Group ${body.group.name} has a priority, but nothing says what the line carries: the gateway cannot know when it is full.`,
        "Write limits.line with up and down, a little below what the provider sells.",
      );
    }
  }
  yield* shapingProblems(gateway, limits, plan);
}

function* fillsTable({ perSubscriber, group }: LimitedBody, path: FilePath, table: TablePlan): Generator<PlanProblem> {
  const { connections } = perSubscriber;
  if (connections === undefined || connections * FEW <= table.max) return;
  const few = Math.max(1, Math.ceil(table.max / connections));
  yield planProblem(
    "limit-fills-table",
    "warning",
    group === undefined || path.length > 2 ? path : ["limits"],
    `${formatNoun(few, "subscriber", "subscribers")} with ${formatCount(connections)} connections each fill the table of ${formatCount(table.max)}.`,
    `Allow each fewer, at most ${formatCount(Math.floor(table.max / FEW))}; or plan for a larger table (capacity).`,
  );
}

function* beyondLine({ group, perSubscriber }: LimitedBody, path: FilePath, { line }: Limits): Generator<PlanProblem> {
  for (const direction of DIRECTIONS) {
    const whole = line[direction];
    for (const [rate, at] of [
      [group?.[direction], [...path, direction]],
      [perSubscriber[direction], [...path, "per-subscriber", direction]],
    ] as const) {
      if (rate === undefined || whole === undefined || rate <= whole) continue;
      yield planProblem(
        "rate-beyond-line",
        "warning",
        at,
        `${formatRate(rate)} ${direction} is more than the line carries (${formatRate(whole)}): it limits nothing.`,
        `Write less than ${formatRate(whole)}, or correct limits.line.${direction}.`,
      );
    }
  }
}

function* nobody(
  { group, members }: LimitedBody,
  path: FilePath,
  everyone: readonly Ipv4Range[],
): Generator<PlanProblem> {
  if (group === undefined || members.some((range) => overlapIn(everyone, range) !== undefined)) return;
  yield planProblem(
    "group-of-nobody",
    "warning",
    [...path, "members"],
    `No rule translates anybody of group ${group.name}.`,
    "Correct the addresses, or write a source-nat rule for them.",
  );
}

function* shapingProblems(gateway: Gateway, limits: Limits, plan: LimitsPlan): Generator<PlanProblem> {
  const links = shapedLinks(gateway);
  for (const direction of DIRECTIONS) {
    const path = pathOf(limits, direction);
    if (path === undefined) continue;
    const names = links.filter((link) => link.direction === direction).map(({ link }) => link.name);
    if (names.length === 0) {
      yield planProblem(
        "nowhere-to-shape",
        "warning",
        path,
        `What goes ${direction} is limited where it leaves, and no link is only ${direction === "up" ? "outside" : "inside"}: nothing is limited.`,
        "Give the inside and the outside a link of their own, which may be VLANs of one interface.",
      );
    } else if (names.length > 1 && limits.line[direction] !== undefined) {
      yield planProblem(
        "line-on-each-link",
        "warning",
        ["limits", "line", direction],
        `Links ${names.join(" and ")} each get ${formatRate(limits.line[direction])} ${direction}: what leaves by one is not counted on the other.`,
        "Nothing, if each has such a line; else write the part one of them gets.",
      );
    }
  }
  const least = plan.shaping.flatMap(({ classes }) =>
    classes.filter(({ members }) => members.length > 0).map((one) => one.guaranteed / countAddresses(one.members)),
  );
  const smallest = least.reduce((small, rate) => Math.min(small, rate), Infinity);
  if (smallest < SMALL_SHARE) {
    yield planProblem(
      "share-small",
      "warning",
      ["limits"],
      `When everybody wants all at the same time, a subscriber is sure of ${formatRate(smallest)}.`,
      "Nothing, if they seldom do; else a faster line, or fewer who share it.",
    );
  }
  if (plan.shaping.length > 0 && gateway.fastPath !== "off") {
    yield planProblem(
      "shaped-on-kernel-path",
      "warning",
      ["fast-path"],
      "Packets of subscribers with a rate stay on the kernel's path, where they are shaped; the fast path is for the others.",
      "Nothing, if that is wanted; connection limits do not slow the fast path down, rates do.",
    );
  }
}

/** Where the file says something of the direction, if it does. */
function pathOf({ line, groups, perSubscriber }: Limits, direction: Direction): FilePath | undefined {
  if (line[direction] !== undefined) return ["limits", "line", direction];
  if (perSubscriber[direction] !== undefined) return ["limits", "per-subscriber", direction];
  const index = groups.findIndex((group) => (group[direction] ?? group.perSubscriber[direction]) !== undefined);
  return index < 0 ? undefined : ["limits", "groups", index];
}
