/** Where in the gateway file: keys and list positions from the top, as in ["source-nat", 0, "ports"]. */
export type FilePath = readonly (string | number)[];

/** Something wrong (error) or unwise (warning) in a gateway file, with what to do about it. */
export interface Problem {
  /** Stable, for scripts and documentation: `pool-overlaps-inside`. */
  readonly code: string;
  readonly severity: "error" | "warning";
  readonly path: FilePath;
  /** What of a single value to point at: the value (so unless said) or its key. Maps and lists show their key. */
  readonly at?: "key" | "value";
  /** One sentence: what is the matter, with the figures. */
  readonly message: string;
  /** What the user can do. */
  readonly fix: string;
}
