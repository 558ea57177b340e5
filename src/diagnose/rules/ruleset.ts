import type { Datatype, Member } from "./expression.ts";
import type { Part } from "./statement.ts";

/** The families of nftables; the tables of iptables are `ip`, those of ip6tables `ip6`. */
export type Family = "ip" | "ip6" | "inet" | "bridge" | "arp" | "netdev";

/** The program that wrote a table, and that understands it best. */
export type RuleProgram = "nft" | "iptables-nft" | "ip6tables-nft" | "iptables-legacy" | "ip6tables-legacy";

/** The places in a packet's way where chains hang. */
export type Hook = "ingress" | "egress" | "prerouting" | "input" | "forward" | "output" | "postrouting";

/** What makes a chain one that packets come to by themselves. */
export interface BaseChain {
  readonly type: "filter" | "nat" | "route";
  readonly hook: Hook;
  readonly priority: number;
  readonly policy: "accept" | "drop";
  /** Chains of ingress and egress: the interface they hang on. */
  readonly device?: string;
}

/** Packets and bytes counted since the rule was made or its counter was reset. */
export interface Count {
  readonly packets: number;
  readonly bytes: number;
}

/** A chain of any program, with its rules in order. */
export interface Chain {
  /** `family/table/chain`; `legacy-ip/...` and `legacy-ip6/...` for the older packet filter. */
  readonly id: string;
  readonly program: RuleProgram;
  readonly family: Family;
  readonly table: string;
  readonly name: string;
  /** What nft deletes it by; the older packet filter has no handles. */
  readonly handle?: number;
  readonly base?: BaseChain;
  /** What the policy counted; only the older packet filter tells. */
  readonly policyCount?: Count;
  readonly rules: readonly Rule[];
}

/** One rule, whoever wrote it. */
export interface Rule {
  /** `family/table/chain/handle`, or `legacy-ip/table/chain/number`: the same as long as the rule lives. */
  readonly id: string;
  readonly program: RuleProgram;
  readonly family: Family;
  readonly table: string;
  readonly chain: string;
  /** The `id` of its chain. */
  readonly chainId: string;
  readonly handle?: number;
  /** Its place in the chain, from 1. */
  readonly number: number;
  /** The rule as its program writes it, without its counters. */
  readonly text: string;
  readonly comment?: string;
  /** Undefined if the rule counts nothing. */
  readonly count?: Count;
  /** What the rule asks and does, in order. */
  readonly parts: readonly Part[];
}

/** A set or map with a name, and what is known to be in it. */
export interface NamedSet {
  /** `family/table/name`. */
  readonly id: string;
  readonly family: Family;
  readonly table: string;
  readonly name: string;
  readonly kind: "set" | "map";
  /** Types of the parts of a key, and of what a map gives. */
  readonly keyTypes: readonly Datatype[];
  readonly dataTypes: readonly Datatype[];
  /** Packets or time may change what is in it, without anybody's command. */
  readonly changesByItself?: true;
  /** Undefined if nobody read them: there are too many, or they change all the time. */
  readonly elements?: readonly Member[];
}

/** All rules of one network namespace. */
export interface Ruleset {
  readonly chains: ReadonlyMap<string, Chain>;
  readonly sets: ReadonlyMap<string, NamedSet>;
  /** What is there and could not be understood, one sentence each. */
  readonly unread: readonly string[];
}

/** All rules, chain after chain. */
export function rulesOf(ruleset: Ruleset): Rule[] {
  return [...ruleset.chains.values()].flatMap((chain) => chain.rules);
}
