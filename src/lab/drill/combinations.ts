/** Faults that a host has at the same time. */
export interface Combination {
  readonly title: string;
  /** Files of src/lab/drill/faults, without their ending; each with the default gateway, and another kind of packets. */
  readonly faults: readonly string[];
}

/** Those the drill plants: causes side by side in one kernel function, and loss beside what has not hurt yet. */
export const COMBINATIONS: readonly Combination[] = [
  { title: "packets are lost today, and the table fills slowly", faults: ["rule-drop", "established-timeout"] },
  { title: "two causes that both count as dropped by a rule", faults: ["rule-drop.legacy", "checksum"] },
  { title: "what comes from inside, and what comes from outside", faults: ["martians", "ttl-loop"] },
  { title: "the article's full table, behind a flood of SYNs", faults: ["syn-flood", "table-full"] },
  { title: "three kinds of loss in three places of the kernel", faults: ["rule-drop", "martians", "ttl-loop"] },
  { title: "loss, slowness, and what will hurt", faults: ["fragments", "udp-timeouts", "established-timeout"] },
];

/** Its name for `--only`: the faults' files, joined by `+`. */
export function idOf({ faults }: Combination): string {
  return faults.join("+");
}

/** The findings that name its faults. */
export function findingsOf({ faults }: Combination): string[] {
  return faults.map((file) => file.split(".")[0] ?? file);
}
