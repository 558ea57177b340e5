import type { NamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { ApplyProblem } from "./remark.ts";
import type { MemberSetting } from "./change.ts";
import type {
  AddressSetting,
  BondOptionSettings,
  DeviceSetting,
  PolicyRuleSetting,
  ProxyNeighbourSetting,
  RouteSetting,
  Ruleset,
  ShapingSetting,
} from "../render/desired-state.ts";

/** A sysctl that apply changed. */
export interface OwnedSysctl {
  readonly name: string;
  /** The value before the first apply: what `remove` puts back. */
  readonly old: string;
  /** What was written. */
  readonly asked: string;
  /** What the kernel made of it: it rounds and clamps some. */
  readonly set: string;
  /** The sysctl that carries this one along, if the kernel changed it and not we. */
  readonly alongside?: string;
}

/** An interface that apply brought up. */
export interface OwnedLink {
  readonly interface: string;
  /** Addresses (`a.b.c.d/len`) it had while it was down; with others on it `remove` leaves it up. */
  readonly addresses: readonly string[];
}

/** The MTU of an interface that apply changed; bytes. */
export interface OwnedMtu {
  readonly interface: string;
  /** Before the first apply: what `remove` puts back. */
  readonly old: number;
  readonly set: number;
}

/** Options of a bond of someone else that apply changed. */
export interface OwnedBond {
  readonly interface: string;
  /** Before the first apply: what `remove` puts back. */
  readonly old: BondOptionSettings;
  readonly set: BondOptionSettings;
}

/** What of the kernel's state is ours beside the ruleset: what was not there before the first apply. */
export interface Owned {
  readonly links: readonly OwnedLink[];
  readonly mtus: readonly OwnedMtu[];
  /** In the order in which they were made. */
  readonly devices: readonly DeviceSetting[];
  readonly members: readonly MemberSetting[];
  readonly bonds: readonly OwnedBond[];
  readonly addresses: readonly AddressSetting[];
  readonly routes: readonly RouteSetting[];
  readonly policyRules: readonly PolicyRuleSetting[];
  readonly proxyNeighbours: readonly ProxyNeighbourSetting[];
  readonly shaping: readonly ShapingSetting[];
  readonly sysctls: readonly OwnedSysctl[];
}

/** Nothing is ours. */
export const NOTHING_OWNED: Owned = {
  links: [],
  mtus: [],
  devices: [],
  members: [],
  bonds: [],
  addresses: [],
  routes: [],
  policyRules: [],
  proxyNeighbours: [],
  shaping: [],
  sysctls: [],
};

/** The ruleset as the last apply left it in the kernel. */
export interface RecordedRuleset {
  /** As sent. Its comment is the present fingerprint; the kernel never changes the comment of a table. */
  readonly ruleset: Ruleset;
  /** The comment the table was made with. */
  readonly tableComment: string;
  /** nft's own listing of each chain, without handles and counters: rules cannot be compared as text. */
  readonly listing: Readonly<Record<string, string>>;
  /**
   * The namespace's nftables generation right after; while it is the same nobody has changed any rule.
   * Undefined if another transaction may have come between ours and the reading.
   */
  readonly generation?: number;
}

/** What the last apply left behind, kept until `remove` or the next boot: kernel state lasts no longer. */
export interface ApplyRecord {
  readonly version: 1;
  readonly identity: NamespaceIdentity;
  readonly gateway: string;
  /** ISO 8601. */
  readonly appliedAt: string;
  readonly rules?: RecordedRuleset;
  readonly owned: Owned;
  /** What the last apply had to leave out; absent when nothing. */
  readonly leftOut?: readonly ApplyProblem[];
}

/** A record without the ruleset, which may have 100,000 elements. */
export type RecordHead = Omit<ApplyRecord, "rules">;

/** Writes a record as two lines: all but the rules, so that this can be read alone, and the rules. */
export function formatRecord({ rules, ...head }: ApplyRecord): string {
  return `${JSON.stringify(head)}\n${JSON.stringify(rules ?? null)}\n`;
}

/** Reads a record; one of another version, or damaged, is as good as none. */
export function parseRecord(text: string): ApplyRecord | undefined {
  const end = text.indexOf("\n");
  const head = parseRecordHead(text);
  if (head === undefined) return undefined;
  try {
    const rules = JSON.parse(text.slice(end + 1)) as RecordedRuleset | null;
    return rules === null ? head : { ...head, rules };
  } catch {
    return undefined;
  }
}

/** Reads the first line of a record. */
export function parseRecordHead(text: string): RecordHead | undefined {
  try {
    const head = JSON.parse(text.slice(0, text.indexOf("\n") + 1)) as RecordHead;
    // Written before there was this or that to own: then nothing of it is ours.
    return head.version === 1 ? { ...head, owned: { ...NOTHING_OWNED, ...head.owned } } : undefined;
  } catch {
    return undefined;
  }
}

/** Says whether two records of the same shape name the same thing, whatever the order of their keys. */
export function sameSetting<T extends object>(a: T, b: T): boolean {
  const [one, other] = [a as Record<string, unknown>, b as Record<string, unknown>];
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  // Mostly strings and numbers: no text is made of them, for lists are compared entry by entry.
  return keys.every(
    (key) => one[key] === other[key] || (typeof one[key] === "object" && settingKey(one) === settingKey(other)),
  );
}

/** A text that is equal for equal settings. */
export function settingKey(setting: object): string {
  return JSON.stringify(Object.entries(setting).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
