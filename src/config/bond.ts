/** Bonding modes, in the kernel's words. */
export const BOND_MODES = [
  "balance-rr",
  "active-backup",
  "balance-xor",
  "broadcast",
  "802.3ad",
  "balance-tlb",
  "balance-alb",
] as const;

/** What of a packet chooses the member it leaves by. */
export const XMIT_HASH_POLICIES = ["layer2", "layer2+3", "layer3+4", "encap2+3", "encap3+4", "vlan+srcmac"] as const;

export type BondMode = (typeof BOND_MODES)[number];
export type XmitHashPolicy = (typeof XMIT_HASH_POLICIES)[number];

/** Several interfaces as one link. Times in milliseconds. */
export interface Bond {
  /** Kernel names; their order is the file's. */
  readonly members: readonly string[];
  readonly mode: BondMode;
  /** How often the carrier of the members is looked at. */
  readonly miimon: number;
  /** How long a carrier must be there, or gone, before it counts. */
  readonly upDelay: number;
  readonly downDelay: number;
  /** Only of the modes that hash; without it the kernel's, layer2. */
  readonly xmitHashPolicy?: XmitHashPolicy;
  /** Only of 802.3ad. */
  readonly lacpRate?: "slow" | "fast";
  /** Only of the modes in which one member does the work. */
  readonly primary?: string;
  /** The link has a carrier while so many members have one. */
  readonly minLinks?: number;
}

/** One VLAN (802.1Q) of another interface. */
export interface Vlan {
  /** The kernel's name of the interface below. */
  readonly on: string;
  readonly id: number;
}

/** Modes in which the hash policy decides. */
export const HASHING_MODES: ReadonlySet<BondMode> = new Set(["balance-xor", "802.3ad", "balance-tlb"]);
/** Modes that have a primary member. */
export const PRIMARY_MODES: ReadonlySet<BondMode> = new Set(["active-backup", "balance-tlb", "balance-alb"]);
