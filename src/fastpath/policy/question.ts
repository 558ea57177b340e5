/** The only packets that have some header. */
export interface Only {
  readonly family?: "ip" | "ip6";
  readonly protocol?: 6 | 17;
}

/** Whether the packets of one connection and direction may get different answers to a question. */
export type Question =
  /** All get the same: what the kernel says to one now and then holds for those between. */
  | { readonly kind: "same-for-all" }
  | {
      readonly kind: "each-packet";
      /** What the question does, for people: `counts bytes with quota`. */
      readonly what: string;
      /** It takes something from every packet that comes to it, whatever the rest of the rule says. */
      readonly takes?: true;
      /** Only packets of this family or protocol have what is asked for or changed. */
      readonly only?: Only;
      /** It depends on the packets of both directions. */
      readonly bothDirections?: true;
    };

/** The answer that needs no exemption. */
export const SAME_FOR_ALL: Question = { kind: "same-for-all" };

/** A question we know nothing of counts as one that every packet must answer. */
export function unclear(text: string): Question {
  return { kind: "each-packet", what: `asks something that is not understood (${text})` };
}
