import type { ScanResult } from "../../kernel/conntrack/scan.ts";
import type { NamespaceName } from "../../kernel/namespace.ts";
import type { ThreadFailure } from "../../kernel/thread-failure.ts";
import type { FlowFilter } from "./filter.ts";
import type { PortSupply, PortUse } from "./port-use.ts";
import type { Summary, SummaryKey } from "./summary.ts";

/** How a list is written. */
export const LIST_FORMATS = ["table", "conntrack", "extended", "json"] as const;

/** One of them. */
export type ListFormat = (typeof LIST_FORMATS)[number];

/** What can be added to conntrack's lines, in the words of its own -o. */
export const LINE_DETAILS = ["id", "ktimestamp", "labels"] as const;

/** One of them. */
export type LineDetail = (typeof LINE_DETAILS)[number];

/** What the thread is to do with the connections that match. */
export type FlowTask =
  /** Write each to a descriptor, `limit` at most. */
  | {
      readonly kind: "list";
      readonly format: ListFormat;
      readonly details?: readonly LineDetail[];
      readonly fd: number;
      readonly limit?: number;
    }
  | { readonly kind: "count" }
  | { readonly kind: "summary"; readonly by: SummaryKey; readonly top: number; readonly exactKeys?: number }
  | {
      readonly kind: "ports";
      readonly supplies: readonly PortSupply[];
      readonly top: number;
      readonly subscribers: number;
    }
  | { readonly kind: "delete" };

/** What the thread is told at its start; plain data. */
export interface FlowOrder {
  readonly namespace: NamespaceName;
  readonly filter: FlowFilter;
  readonly task: FlowTask;
  /** Where the fast path counts what it forwards of each connection: a name in the eBPF file system. */
  readonly shares?: string;
}

/** What came of it. */
export interface FlowReport {
  /** Connections that matched the filter. */
  readonly matched: number;
  readonly scan: ScanResult;
  /** The filter asks for the age, but the kernel does not note when connections began. */
  readonly withoutAge: boolean;
  readonly summary?: Summary;
  readonly ports?: { readonly uses: readonly PortUse[]; readonly connections: number; readonly error: number };
  /** `missed`: gone before they could be removed. */
  readonly deleted?: { readonly removed: number; readonly missed: number };
}

/** What the thread answers. */
export type FlowAnswer = { readonly report: FlowReport } | { readonly failure: ThreadFailure };
