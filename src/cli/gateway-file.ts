import { closeSync, openSync, readSync } from "node:fs";
import type { Gateway } from "../config/gateway.ts";
import type { LocatedProblem } from "../config/source/located-problem.ts";
import type { SourceMap } from "../config/source/source-map.ts";
import type { HostFacts } from "../plan/host-facts.ts";
import type { Plan } from "../plan/plan.ts";
import { CommandError, type FailureProblem } from "./failure.ts";

/** A gateway file that was read without a fault. */
export interface GatewayFile {
  readonly gateway: Gateway;
  readonly text: string;
  readonly source: SourceMap;
}

/** A gateway file and what it means on this host. */
export interface PlannedFile {
  readonly plan: Plan;
  /** The file as it was read. */
  readonly text: string;
  /** The plan's problems with their places in the file; errors first. */
  readonly problems: readonly LocatedProblem[];
}

/** How a file is planned. */
export interface PlanFileOptions {
  readonly netns: string | undefined;
  /** `now`: compare with the kernel's settings of this moment, for people; else with those before the first apply. */
  readonly values?: "untouched" | "now";
  /** Also give back a plan that has errors, in place of refusing it. */
  readonly evenIfRefused?: boolean;
  /** The plan is for another machine, of which nothing is known: what this host has does not count. */
  readonly elsewhere?: boolean;
  /** Wait so long for interfaces of the file that are not there yet. */
  readonly waitSeconds?: number;
}

/** Reads a gateway file, `-` for standard input. Throws a CommandError with every fault at its place. */
export async function readGatewayFile(path: string): Promise<GatewayFile> {
  const { MAX_FILE_BYTES } = await import("../config/source/read-text.ts");
  const bytes = readAtMost(path, MAX_FILE_BYTES + 1);
  const { readGateway } = await import("../config/read-gateway.ts");
  const reading = readGateway(bytes, { fileName: fileLabel(path) });
  if ("problems" in reading) throw await refusal(reading.problems);
  return { ...reading, text: Buffer.from(bytes).toString("utf8") };
}

/** What to call the file in messages. */
export function fileLabel(path: string): string {
  return path === "-" ? "standard input" : path;
}

/** Reads and plans a gateway file. Throws a CommandError with every fault of the file, or every error of the plan. */
export async function planFile(path: string, options: PlanFileOptions): Promise<PlannedFile> {
  const { gateway, source, text } = await readGatewayFile(path);
  const [facts, { planGateway, isApplicable }, { locateProblems }] = await Promise.all([
    factsFor(gateway, options),
    import("../plan/plan-gateway.ts"),
    import("../config/read-gateway.ts"),
  ]);
  const plan = planGateway(gateway, facts);
  const problems = locateProblems(source, plan.problems);
  if (!isApplicable(plan) && options.evenIfRefused !== true) throw await refusal(problems);
  return { plan, problems, text };
}

async function factsFor(gateway: Gateway, options: PlanFileOptions): Promise<HostFacts> {
  const { netns, values, elsewhere, waitSeconds = 0 } = options;
  if (waitSeconds > 0)
    await (await import("../apply/interfaces-there.ts")).interfacesThere(netns, gateway, waitSeconds);
  if (elsewhere === true) return (await import("../plan/stock-facts.ts")).stockFacts(gateway);
  const facts = (await import("../apply/host-facts.ts")).readHostFacts(netns, { values: values ?? "untouched" });
  const asked = (["bond", "vlan"] as const).filter((kind) => gateway.links.some((link) => link[kind] !== undefined));
  if (asked.length === 0) return facts;
  const { lacksLinkKind } = await import("../kernel/link-kinds.ts");
  return { ...facts, cannotMake: asked.filter(lacksLinkKind) };
}

/** The failure of a file with problems: the first error speaks for all, and all are listed. */
export async function refusal(problems: readonly LocatedProblem[]): Promise<CommandError> {
  const { formatProblems } = await import("../config/format-problem.ts");
  const first = problems.find((problem) => problem.severity === "error") ?? problems[0];
  const failure = {
    code: first?.code ?? "file-refused",
    message: first?.message ?? "the file is refused",
    remedy: first?.fix ?? "",
    problems: problems.map(problemJson),
  };
  return new CommandError(failure, 1, (color) => formatProblems(problems, { color }));
}

/** A problem as --json prints it. */
export function problemJson(problem: LocatedProblem): FailureProblem {
  const { code, severity, file, line, column, message, fix } = problem;
  return { code, severity, file, line, column, message, fix };
}

// A device or a huge file must not fill the memory: one byte over the limit is enough to say that it is too large.
function readAtMost(path: string, limit: number): Uint8Array {
  const buffer = Buffer.allocUnsafe(limit);
  let length = 0;
  try {
    const descriptor = path === "-" ? 0 : openSync(path, "r");
    try {
      while (length < limit) {
        const count = readSync(descriptor, buffer, length, limit - length, null);
        if (count === 0) break;
        length += count;
      }
    } finally {
      if (descriptor !== 0) closeSync(descriptor);
    }
  } catch (error) {
    throw unreadable(path, error);
  }
  return buffer.subarray(0, length);
}

function unreadable(path: string, error: unknown): CommandError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [reason, remedy] = REASONS[code] ?? [String(error), "name a gateway file you can read"];
  return new CommandError({ code: "file-unreadable", message: `cannot read ${path}: ${reason}`, remedy });
}

const REASONS: Readonly<Record<string, readonly [reason: string, remedy: string]>> = {
  ENOENT: ["there is no such file", "check the name; `meganat init` writes a first gateway file"],
  EACCES: ["permission denied", "run as a user who may read it"],
  EISDIR: ["it is a directory", "name the gateway file in it"],
  ENOTDIR: ["a part of the path is not a directory", "check the path"],
  EAGAIN: ["standard input has nothing to read", "name a file, or pipe one in: `meganat check - < gateway.yaml`"],
};
