import type { NamespaceName } from "../../kernel/namespace.ts";
import type { ThreadFailure } from "../../kernel/thread-failure.ts";
import type { PortSupply } from "../flows/port-use.ts";
import type { SubscriberConnections } from "./subscriber-connections.ts";
import type { SubscriberQuestion, SubscriberRows, SurveyReport } from "./survey.ts";

/** What the thread is told at its start; plain data. */
export interface SurveySetup {
  readonly namespace: NamespaceName;
  readonly supplies: readonly PortSupply[];
}

/** What it can be asked. */
export type SurveyOrder =
  /** Read the table. */
  | { readonly kind: "survey"; readonly question: SubscriberQuestion }
  /** Other subscribers of the last survey. */
  | { readonly kind: "rows"; readonly question: SubscriberQuestion }
  | { readonly kind: "subscriber"; readonly address: string; readonly rows: number };

/** What it answers; undefined rows: there was no survey yet. */
export type SurveyAnswer =
  | { readonly kind: "survey"; readonly report: SurveyReport }
  | { readonly kind: "rows"; readonly rows: SubscriberRows | undefined }
  | { readonly kind: "subscriber"; readonly connections: SubscriberConnections }
  | { readonly kind: "failure"; readonly failure: ThreadFailure };
