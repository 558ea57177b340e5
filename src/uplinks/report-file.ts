import { join } from "node:path";
import { recordDirectory } from "../apply/record-directory.ts";
import { readIfThere, writeWhole } from "../apply/whole-file.ts";
import { readNamespaceIdentity } from "../kernel/namespace-identity.ts";
import type { NamespaceName } from "../kernel/namespace.ts";

/** How often it is written, milliseconds. */
export const REPORT_EVERY = 1000;

/** What whoever watches the uplinks last wrote down of them. Whether one is in use, the kernel says. */
export interface UplinkReport {
  readonly version: 1;
  readonly boot: string;
  readonly namespace: string;
  /** ISO 8601. */
  readonly at: string;
  readonly uplinks: readonly ReportedUplink[];
}

/** One of them. */
export interface ReportedUplink {
  readonly link: string;
  readonly interface: string;
  /** The preferred table. */
  readonly table: number;
  readonly up: boolean;
  /** ISO 8601: up or down since then. */
  readonly since: string;
  /** Why it is down. */
  readonly cause?: string;
  /** Questions of the last minute or less, and how many of them nobody answered. */
  readonly asked: number;
  readonly lost: number;
}

/** The namespace's report; undefined if there is none of this boot. */
export function readReport(namespace: NamespaceName): UplinkReport | undefined {
  const text = readIfThere(reportPath(namespace));
  if (text === undefined) return undefined;
  try {
    const report = JSON.parse(text) as UplinkReport;
    const here = readNamespaceIdentity(namespace);
    return report.boot === here.boot && report.namespace === here.namespace ? report : undefined;
  } catch {
    return undefined;
  }
}

/** Writes it so that a reader finds the old one or the new. */
export function writeReport(namespace: NamespaceName, at: Date, uplinks: readonly ReportedUplink[]): void {
  const { boot, namespace: identity } = readNamespaceIdentity(namespace);
  const report: UplinkReport = { version: 1, boot, namespace: identity, at: at.toISOString(), uplinks };
  writeWhole(recordDirectory(namespace), reportPath(namespace), `${JSON.stringify(report)}\n`);
}

function reportPath(namespace: NamespaceName): string {
  return join(recordDirectory(namespace), "uplinks.json");
}
