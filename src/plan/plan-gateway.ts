import { countAddresses } from "../address/ipv4-range.ts";
import type { Gateway } from "../config/gateway.ts";
import { capacityProblems, exhaustionProblems, subscriberProblems } from "./capacity-problems.ts";
import { planExhaustion } from "./exhaustion.ts";
import type { HostFacts } from "./host-facts.ts";
import { hostProblems } from "./host-problems.ts";
import { planLimits } from "./limits/plan-limits.ts";
import { limitProblems } from "./limits/problems.ts";
import { planNeighbours } from "./neighbours.ts";
import { compareWithPaper } from "./paper.ts";
import type { Plan } from "./plan.ts";
import { sourceProblems } from "./source-problems.ts";
import { selectPorts } from "./select-ports.ts";
import { planSources } from "./sources.ts";
import { planSysctls } from "./sysctls.ts";
import { planUplinks } from "./uplinks/plan-uplinks.ts";
import { uplinkProblems } from "./uplinks/problems.ts";
import { everyoneInside, planTable } from "./table.ts";
import { planRates, planTimeouts } from "./timeouts.ts";

/** What the gateway file means on the host: where subscribers end up, what it takes, what is wrong or unwise. */
export function planGateway(gateway: Gateway, facts: HostFacts): Plan {
  const dealt = planSources(gateway);
  const table = planTable(gateway, dealt, facts);
  const sources = selectPorts(dealt, table);
  const rates = planRates(gateway.capacity, table.expectedConnections, facts);
  const timeouts = planTimeouts(gateway.capacity, rates, facts);
  const neighbours = planNeighbours(gateway, sources, table.subscribers);
  const sysctls = planSysctls(gateway, facts, table, timeouts, neighbours);
  const everyone = everyoneInside(gateway, sources);
  const inside = countAddresses(everyone);
  const limits = planLimits(gateway, everyone);
  const uplinks = planUplinks(gateway, sources);
  const exhaustion = sources.flatMap((source) => {
    const share = inside === 0 ? 0 : source.subscriberCount / inside;
    const plan = planExhaustion(source, Math.round(table.expectedConnections * Math.min(1, share)));
    return plan === undefined ? [] : [plan];
  });
  const problems = [
    ...sourceProblems(gateway, sources),
    ...subscriberProblems(gateway, sources, inside),
    ...capacityProblems(gateway, sources, facts, table, rates, timeouts),
    ...exhaustionProblems(exhaustion, sources),
    ...limitProblems(gateway, limits, everyone, table),
    ...uplinkProblems(gateway, uplinks),
    ...hostProblems(gateway, facts, table, neighbours, sysctls),
  ];
  return {
    gateway,
    problems: [...problems.filter((p) => p.severity === "error"), ...problems.filter((p) => p.severity === "warning")],
    sources,
    exhaustion,
    table,
    rates,
    neighbours,
    timeouts,
    sysctls,
    ...(limits === undefined ? {} : { limits }),
    ...(uplinks === undefined ? {} : { uplinks }),
    paper: compareWithPaper(sources, table, timeouts),
  };
}

/** Says whether the plan may be applied. */
export function isApplicable(plan: Plan): boolean {
  return plan.problems.every((problem) => problem.severity === "warning");
}
