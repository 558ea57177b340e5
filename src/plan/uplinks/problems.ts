import { formatIpv4 } from "../../address/ipv4.ts";
import type { Gateway } from "../../config/gateway.ts";
import type { FilePath } from "../../config/problem.ts";
import { formatCount, formatNoun } from "../figures.ts";
import { planProblem, type PlanProblem } from "../problem.ts";
import { mostOrders } from "./marks.ts";
import type { UplinkPlan, UplinksPlan } from "./uplinks-plan.ts";

/** What uplinks cannot do as the file says, and what nobody would want. */
export function* uplinkProblems(gateway: Gateway, plan: UplinksPlan | undefined): Generator<PlanProblem> {
  if (plan === undefined) return;
  const { uplinks, orders } = plan;
  const most = mostOrders(uplinks.length);
  if (orders.length > most) {
    yield planProblem(
      "too-many-uplink-orders",
      "error",
      ["uplinks"],
      `The rules give their subscribers ${formatCount(orders.length)} different orders of uplinks; the connection mark has room for ${formatCount(most)}.`,
      "Let more of the subscribers have the same uplinks in the same order.",
    );
  }
  if (uplinks.length === 1) {
    yield planProblem(
      "uplink-alone",
      "warning",
      ["uplinks"],
      `${uplinks[0]?.link ?? "The uplink"} is the only uplink: nothing stands in for it.`,
      "Name a second one, or delete the section: one link with a gateway needs none.",
    );
  }
  for (const [index, uplink] of uplinks.entries()) yield* problemsOf(plan, uplink, ["uplinks", index]);
  if (gateway.fastPath !== "off" && uplinks.length > 1) {
    yield planProblem(
      "fast-path-follows-late",
      "warning",
      ["fast-path"],
      "The fast path forwards established connections as the kernel last did; when an uplink fails, theirs are deleted, and it notices within a second.",
      "Nothing, if that is soon enough; else write fast-path: off.",
    );
  }
}

function* problemsOf({ uplinks, orders }: UplinksPlan, uplink: UplinkPlan, path: FilePath): Generator<PlanProblem> {
  const { link, stranded, health } = uplink;
  const [only] = health.probes;
  const several = uplinks.length > 1;
  if (several && stranded > 0) {
    const others = uplinks.flatMap((one) => (one.link === link ? [] : [one.link]));
    yield planProblem(
      "uplink-strands",
      "warning",
      path,
      `${formatNoun(stranded, "subscriber")} of ${link} ${stranded === 1 ? "has" : "have"} no rule for another uplink: without ${link} nothing of theirs gets out.`,
      `Add a source-nat rule for them with out: ${others.join(" or ")}, after the one they have.`,
    );
  }
  if (!orders.some((order) => order.uplinks.includes(link))) {
    yield planProblem(
      "uplink-unused",
      "warning",
      path,
      `No rule translates anybody who leaves by ${link}.`,
      `Add a source-nat rule with out: ${link}.`,
    );
  }
  if (several && health.probes.length === 1 && only?.port === undefined && only?.address === uplink.gateway) {
    yield planProblem(
      "uplink-probe-near",
      "warning",
      path,
      `Only the provider's router ${formatIpv4(uplink.gateway)} is asked whether ${link} works: what fails beyond it is not noticed.`,
      "Write two addresses out in the internet that answer: health: { probe: [9.9.9.9, 1.1.1.1] }",
    );
  }
}
