/** What the planner must know of the host. Read once by `apply`, passed in as a value; tests make their own. */
export interface HostFacts {
  readonly kernelRelease: string;
  readonly memoryBytes: number;
  readonly cpus: number;
  /** Interfaces in the namespace at hand. */
  readonly interfaces: readonly string[];
  /** Current values of the `plannedSysctls`, by name in dots (`net.ipv4.ip_forward`); one the kernel lacks is absent. */
  readonly sysctls: Readonly<Record<string, string>>;
  /** Names in `sysctls` that can be written from the namespace at hand. */
  readonly writable: ReadonlySet<string>;
  /** Slots of nf_nat_bysource: the conntrack buckets at boot, never resized after. Undefined if not known. */
  readonly bysourceBuckets?: number;
  /** Kinds of links that the file asks for and this kernel has not; left out where nobody has looked. */
  readonly cannotMake?: readonly ("bond" | "vlan")[];
  /** True when the namespace at hand is the host's first one, whose table limits count for all others. */
  readonly isHostNamespace: boolean;
}
