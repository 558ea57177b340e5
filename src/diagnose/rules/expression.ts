/** How the words and numbers of a field are to be read. */
export type Datatype =
  | "address"
  | "port"
  | "protocol"
  | "interface"
  | "mark"
  | "ct-state"
  | "ct-status"
  | "ct-direction"
  | "address-type"
  | "icmp-type"
  | "icmpv6-type"
  | "icmp-code"
  | "tcp-flags"
  | "packet-type"
  | "ethertype"
  | "family"
  | "number"
  | "text"
  | "other";

/** What a rule can look at. Addresses and ports are those of the packet at that hook. */
export type FieldName =
  | "source"
  | "destination"
  | "protocol"
  | "source-port"
  | "destination-port"
  | "icmp-type"
  | "icmp-code"
  | "tcp-flags"
  | "length"
  | "ttl"
  | "in-interface"
  | "out-interface"
  | "bridge-in-port"
  | "bridge-out-port"
  | "mark"
  | "family"
  | "packet-type"
  | "ct-state"
  | "ct-status"
  | "ct-mark"
  | "ct-direction"
  | "ct-zone"
  | "ct-original-source"
  | "ct-original-destination"
  | "ct-original-source-port"
  | "ct-original-destination-port"
  | "ct-reply-source"
  | "ct-reply-destination"
  | "ct-reply-source-port"
  | "ct-reply-destination-port"
  | "ct-protocol"
  | "source-type"
  | "destination-type";

/** A value computed from a packet. */
export type Expression =
  | FieldExpression
  | { readonly kind: "literal"; readonly pattern: Pattern }
  | { readonly kind: "bits"; readonly op: "and" | "or" | "xor"; readonly of: readonly Expression[] }
  | { readonly kind: "shift"; readonly left: boolean; readonly by: bigint; readonly of: Expression }
  | { readonly kind: "tuple"; readonly of: readonly Expression[] }
  | { readonly kind: "map"; readonly key: Expression; readonly in: Members }
  /** One of 0 to `below` - 1: nobody knows which, but for nft's jhash of one address with a seed that is known. */
  | {
      readonly kind: "any-number";
      readonly below: bigint;
      /** A hash: the same number for all packets of a connection and direction. */
      readonly hash?: true;
      readonly jhash?: { readonly of: FieldExpression; readonly seed: number };
    }
  | { readonly kind: "unknown"; readonly text: string };

/** A field of the packet or its connection. A packet without the field matches nothing, negated or not. */
export interface FieldExpression {
  readonly kind: "field";
  readonly name: FieldName;
  readonly datatype: Datatype;
  /** Only packets of these protocols have the field. */
  readonly protocols?: readonly number[];
  /** Only packets of this family have the field. */
  readonly family?: "ip" | "ip6";
}

/** Values a rule compares with. Numbers, addresses, flags and marks are all numbers. */
export type Pattern =
  | { readonly kind: "range"; readonly low: bigint; readonly high: bigint }
  | { readonly kind: "name"; readonly name: string; readonly prefix: boolean }
  | { readonly kind: "tuple"; readonly of: readonly Pattern[] }
  | { readonly kind: "any" }
  | { readonly kind: "unknown"; readonly text: string };

/** The elements of an anonymous set or map, or the `id` of a named one. */
export type Members = { readonly elements: readonly Member[] } | { readonly set: string };

/** An element: `data` and `verdict` are what a map gives for the key. */
export interface Member {
  readonly key: Pattern;
  readonly data?: Expression;
  readonly verdict?: Verdict;
}

/** What ends the way through a base chain. */
export type FinalVerdict =
  | { readonly kind: "accept" | "drop" }
  | { readonly kind: "reject"; readonly with?: string }
  | { readonly kind: "queue"; readonly number?: string };

/** What leads into another chain or back, or nowhere. */
export type ChainVerdict =
  | { readonly kind: "return" | "continue" }
  | { readonly kind: "jump" | "goto"; readonly chain: string };

/** Where a packet goes from a rule. */
export type Verdict = FinalVerdict | ChainVerdict;
