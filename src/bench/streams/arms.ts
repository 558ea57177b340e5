import type { FastPathSwitch } from "../fast-path-switch.ts";
import { runTrials, type Trials } from "../method/trials.ts";
import type { StreamStage } from "./stage.ts";

/** Ways from the client to the server. */
export const STREAM_ARMS = ["direct", "netfilter", "tc", "xdp", "auto"] as const;

/** One of them. */
export type StreamArm = (typeof STREAM_ARMS)[number];

/** What each is, for people. */
export const STREAM_ARM_WORDS: Readonly<Record<StreamArm, string>> = {
  direct: "a link past the gateway, no NAT",
  netfilter: "the kernel translates and forwards",
  tc: "fast path at tc ingress",
  xdp: "fast path at XDP",
  auto: "fast path, chosen by MegaNAT for each interface",
};

/** How to measure streams. */
export interface StreamOptions {
  readonly rounds: number;
  /** Of the order of trials. */
  readonly seed: number;
  readonly arms: readonly StreamArm[];
  /** Without: only the arms direct and netfilter of them. */
  readonly fastPath?: FastPathSwitch | undefined;
  readonly onStep?: ((step: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Trials by arm, and what the fast path chose where it was left to. */
export interface StreamTrials<R> {
  readonly arms: readonly StreamArm[];
  readonly trials: Trials<StreamArm, R>;
  readonly chosen: string | undefined;
}

/** The address of the server by this arm. */
export function serverBy(stage: StreamStage, arm: StreamArm): string {
  return arm === "direct" ? stage.addresses.direct : stage.addresses.translated;
}

/** Measures every arm in every round, with the fast path on where the arm wants it. */
export async function runStreamTrials<R>(
  stage: StreamStage,
  what: string,
  options: StreamOptions,
  measure: (arm: StreamArm) => Promise<R>,
): Promise<StreamTrials<R>> {
  const { rounds, seed, fastPath, onStep = () => undefined, signal } = options;
  const gateway = stage.lab.topology.namespaces.gateway;
  const arms = options.arms.filter((arm) => fastPath !== undefined || arm === "direct" || arm === "netfilter");
  let chosen: string | undefined;
  const trials = await runTrials<StreamArm, R>({
    arms,
    rounds,
    seed,
    measure: async (arm) => {
      if (fastPath === undefined || arm === "direct" || arm === "netfilter") return await measure(arm);
      const words = fastPath.on(gateway, arm);
      if (arm === "auto") chosen = words;
      try {
        return await measure(arm);
      } finally {
        fastPath.off(gateway);
      }
    },
    onTrial: (arm, round) => onStep(`${what}: round ${round} of ${rounds}, ${arm}`),
    signal,
  });
  return { arms, trials, chosen };
}
