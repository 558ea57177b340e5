/** What of a profile is judged: shares of NAT's own CPU time come from the samples. */
export interface ProfileShares {
  /** `share` 0 to 1, of the busy time. */
  readonly nat: { readonly samples: number; readonly share: number };
  readonly parts: readonly {
    readonly id: string;
    readonly name: string;
    readonly samples: number;
    readonly share: number;
  }[];
  readonly functions: readonly { readonly name: string; readonly samples: number; readonly share: number }[];
}

/** A part of NAT's work beside what is usual. */
export interface JudgedPart {
  readonly id: string;
  readonly name: string;
  /** 0 to 1, of NAT's own time. */
  readonly share: number;
  /** Up to this it is usual; absent for parts not known here. */
  readonly usual?: number;
  /** What it means if it is more; absent if it is not. */
  readonly unusual?: string;
}

/** Where NAT's time goes, and what of that is not usual. */
export interface JudgedProfile {
  /** 0 to 1, of the busy time of all CPUs. */
  readonly natShare: number;
  readonly natSamples: number;
  readonly parts: readonly JudgedPart[];
  readonly functions: ProfileShares["functions"];
}

interface Norm {
  readonly usual: number;
  readonly means: string;
}

/**
 * The most that each part took of NAT's time on a healthy gateway, rounded up generously: 600,000 connections being made
 * (port search 22 %, rules 20 %, setting up 19 %, look-up 18 %) and in use (look-up 54 %, rules 16 %, rewriting 12 %) on
 * 524,288 buckets, Linux 6.18.
 */
const NORMS: Readonly<Record<string, Norm>> = {
  "port-search": {
    usual: 0.4,
    means: "most ports towards some destination are taken, or nf_nat_bysource has long chains",
  },
  "nat-setup": { usual: 0.35, means: "very many new connections for those that are in use" },
  rewrite: { usual: 0.3, means: "checksums are computed in software" },
  lookup: { usual: 0.7, means: "hash chains are long: fewer buckets than connections" },
  new: { usual: 0.2, means: "very many new connections for those that are in use" },
  confirm: { usual: 0.2, means: "hash chains are long, or CPUs fight for the locks of the table" },
  gc: { usual: 0.2, means: "connections expire, or are thrown out, faster than usual" },
  protocol: {
    usual: 0.3,
    means: "connection tracking without translation takes most: see what could be left untracked",
  },
  rules: { usual: 0.5, means: "many rules are tried one after the other for each packet: maps and sets would not" },
  fragments: { usual: 0.05, means: "many packets come in fragments: an MTU is too small somewhere" },
  hooks: { usual: 0.15, means: "there are many hooks, and little is done in them" },
};

/** Fewer samples say nothing of shares. */
const ENOUGH = 100;

/** Compares where NAT's time goes with what is usual. */
export function judgeProfile({ nat, parts, functions }: ProfileShares): JudgedProfile {
  return {
    natShare: nat.share,
    natSamples: nat.samples,
    parts: parts.map(({ id, name, samples }) => {
      const share = nat.samples === 0 ? 0 : samples / nat.samples;
      const norm = NORMS[id];
      return {
        id,
        name,
        share,
        ...(norm === undefined ? {} : { usual: norm.usual }),
        ...(norm !== undefined && share > norm.usual && nat.samples >= ENOUGH ? { unusual: norm.means } : {}),
      };
    }),
    functions,
  };
}
