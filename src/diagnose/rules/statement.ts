import type { Expression, Members, Verdict } from "./expression.ts";

/** A question of a rule: whoever fails it leaves the rule. */
export type Match =
  | {
      readonly kind: "compare";
      readonly left: Expression;
      /** `overlap`: one of the flags is set. `below` and `above` do not include the value itself. */
      readonly op: "equal" | "overlap" | "below" | "above";
      readonly negated: boolean;
      readonly right: Members;
      readonly text: string;
    }
  | { readonly kind: "any-of"; readonly of: readonly Match[]; readonly negated: boolean; readonly text: string }
  | { readonly kind: "all-of"; readonly of: readonly Match[]; readonly negated: boolean; readonly text: string }
  /** Something we cannot decide; it may match or not. */
  | { readonly kind: "unknown"; readonly text: string };

/** A translation; what is left out stays as it is or is chosen by the kernel. */
export interface Translation {
  readonly kind: "snat" | "dnat" | "masquerade" | "redirect";
  /** The new address; a range where the kernel chooses; a tuple where address and port come out of one map. */
  readonly address?: Expression;
  readonly port?: Expression;
  /** Addresses are translated network to network (NETMAP, `prefix`): the host part stays. */
  readonly prefix?: boolean;
  readonly flags: readonly string[];
}

/** What a rule does. */
export type Action =
  | Verdict
  | { readonly kind: "verdict-map"; readonly key: Expression; readonly in: Members }
  | Translation
  | { readonly kind: "counter"; readonly name?: string }
  | { readonly kind: "set-mark" | "set-ct-mark" | "set-ct-zone"; readonly value: Expression }
  /** `limited`: a limit stands before it in the rule. */
  | { readonly kind: "log"; readonly prefix?: string; readonly group?: number; readonly limited: boolean }
  /** Passes packets up to a rate: one more may pass or not. */
  | { readonly kind: "limit"; readonly text: string }
  | { readonly kind: "notrack" }
  | { readonly kind: "helper"; readonly name: string }
  | { readonly kind: "ct-timeout"; readonly name: string }
  /** Sets the maximum segment size of TCP: to that of the path if `size` is left out. */
  | { readonly kind: "mss-clamp"; readonly size?: number }
  | { readonly kind: "offload"; readonly flowtable: string }
  | { readonly kind: "synproxy" | "tproxy" }
  /** Changes nothing we look at; `text` is how its program writes it. */
  | { readonly kind: "other"; readonly text: string };

/** One step of a rule. */
export type Part =
  | { readonly kind: "match"; readonly match: Match }
  | { readonly kind: "action"; readonly action: Action };
