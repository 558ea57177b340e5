import type { RuleProgram } from "../rules/ruleset.ts";

/** Addresses that share a range of ports. */
export interface PoolRange {
  /** As text. */
  readonly first: string;
  readonly last: string;
  /** What a translation may use of each address. */
  readonly ports: { readonly first: number; readonly last: number };
}

/** Public addresses that one rule of source NAT may choose from, whoever wrote it. */
export interface PoolSignal {
  /** The rule's `id`, as `Rule` has it. */
  readonly rule: string;
  /** As its program writes it. */
  readonly text: string;
  readonly program: RuleProgram;
  /** Its place in its chain, from 1. */
  readonly number: number;
  readonly kind: "snat" | "masquerade";
  /** By number; absent: all. */
  readonly protocols?: readonly number[];
  /** Each subscriber has a block of so many ports to itself. */
  readonly blockSize?: number;
  /** A map in the rule says which subscriber gets which address; else the kernel chooses by hash. */
  readonly mapped: boolean;
  /** `persistent`, `random`, `fully-random`. */
  readonly flags: readonly string[];
  /** Empty: not known, the rule takes them from a set that is too large or from something else. */
  readonly ranges: readonly PoolRange[];
}

/** Ports at which the host takes connections from outside: a program listens there, or a rule forwards them. */
export interface ServiceSignal {
  readonly protocol: number;
  readonly first: number;
  readonly last: number;
  /** As text, one address or a range; absent: any address of the host. */
  readonly address?: { readonly first: string; readonly last: string };
  /** The `id` of the rule that forwards; absent: a program of the host listens. */
  readonly rule?: string;
}
