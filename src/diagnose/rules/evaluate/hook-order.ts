import type { BaseChain, Chain, Hook, Ruleset } from "../ruleset.ts";

/** A chain that packets come to by themselves. */
export type HookedChain = Chain & { readonly base: BaseChain };

/**
 * Where all nat chains of a hook are called from, whatever their own priority (nf_nat_proto.c: nf_nat_ipv4_ops); their
 * own orders them among themselves.
 */
const NAT_PRIORITIES: Partial<Record<Hook, number>> = { prerouting: -100, output: -100, input: 100, postrouting: 100 };

/** The base chains a packet of the family meets at the hook, in the order in which the kernel calls them. */
export function chainsAt(
  ruleset: Ruleset,
  hook: Hook,
  family: "ip" | "ip6",
  inInterface: string | undefined,
): HookedChain[] {
  return [...ruleset.chains.values()]
    .filter((chain): chain is HookedChain => chain.base !== undefined && chain.base.hook === hook)
    .filter((chain) =>
      hook === "ingress" || hook === "egress"
        ? chain.base.device === undefined || inInterface === undefined || chain.base.device === inInterface
        : chain.family === family || chain.family === "inet",
    )
    .map((chain, index) => ({ chain, index }))
    .sort((one, other) => {
      const [a, b] = [calledAt(one.chain, hook), calledAt(other.chain, hook)];
      // Of equal priority the one registered last comes first (nf_hook_entries_grow); nft lists tables by age.
      return a - b || one.chain.base.priority - other.chain.base.priority || other.index - one.index;
    })
    .map(({ chain }) => chain);
}

function calledAt({ base }: HookedChain, hook: Hook): number {
  return base.type === "nat" ? (NAT_PRIORITIES[hook] ?? base.priority) : base.priority;
}
