import { formatIpv4 } from "../address/ipv4.ts";
import { formatIpv4Range } from "../address/ipv4-range.ts";
import { formatPortRange } from "../address/port-range.ts";
import type { LocatedProblem } from "../config/source/located-problem.ts";
import type { CardsProposals } from "../plan/cards/proposal.ts";
import type { Plan, PortBlocks, SourcePlan } from "../plan/plan.ts";
import type { LimitsPlan } from "../plan/limits/limits-plan.ts";
import { uplinksJson } from "./uplinks-plan-text.ts";
import { problemJson } from "./gateway-file.ts";

/** A plan as --json prints it: addresses and ports in their written form. */
export function planJson(plan: Plan, problems: readonly LocatedProblem[], cards?: CardsProposals): object {
  const { gateway, sources, exhaustion, table, rates, neighbours, timeouts, sysctls, paper } = plan;
  return {
    gateway: gateway.name,
    applicable: problems.every((problem) => problem.severity === "warning"),
    problems: problems.map(problemJson),
    sources: sources.map(sourceJson),
    exhaustion,
    table,
    rates,
    neighbours,
    timeouts,
    sysctls,
    ...(plan.limits === undefined ? {} : { limits: limitsJson(plan.limits) }),
    ...(plan.uplinks === undefined ? {} : { uplinks: uplinksJson(plan.uplinks) }),
    ...(cards === undefined ? {} : { networkCards: cards }),
    paper,
  };
}

function sourceJson(source: SourcePlan): object {
  const { rule, subscribers, addresses, blocks } = source;
  return {
    rule: rule.name,
    out: rule.out,
    to:
      rule.to.kind === "pool" ? rule.to.pool : rule.to.kind === "address" ? formatIpv4(rule.to.address) : "masquerade",
    subscribers: subscribers.map(formatIpv4Range),
    subscriberCount: source.subscriberCount,
    addresses: addresses.map(({ address, ports }) => ({ address: formatIpv4(address), ports: formatPortRange(ports) })),
    reachedBy: source.reachedBy,
    selection: source.selection,
    translationsPerDestination: source.translationsPerDestination,
    blocks: blocks === undefined ? undefined : blocksJson(blocks),
  };
}

function limitsJson({ bodies, shaping, mostConnections }: LimitsPlan): object {
  return {
    bodies: bodies.map(({ group, members, perSubscriber }) => ({
      group: group?.name,
      members: members.map(formatIpv4Range),
      up: group?.up,
      down: group?.down,
      priority: group?.priority,
      perSubscriber,
    })),
    shaping: shaping.map(({ link, direction, classes }) => ({ link, direction, classes: classes.length })),
    mostConnections,
  };
}

function blocksJson(blocks: PortBlocks): object {
  return {
    size: blocks.size,
    firstPort: blocks.firstPort,
    blocksPerAddress: blocks.blocksPerAddress,
    blocks: blocks.blocksPerAddress * blocks.addresses.length,
    displaced: blocks.displaced.map(([subscriber, block]) => ({ subscriber, block })),
    reserved: blocks.reserved,
  };
}
