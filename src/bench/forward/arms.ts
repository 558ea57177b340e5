import { readConntrackCount } from "../../kernel/conntrack/statistics.ts";
import { BenchError } from "../error.ts";
import type { FastPathSwitch } from "../fast-path-switch.ts";
import type { Player } from "./player.ts";
import type { Stage } from "./stage.ts";

/** Ways through the gateway, and the yardsticks beside them. */
export const FORWARD_ARMS = ["generator", "ceiling", "routed", "netfilter", "tc", "xdp"] as const;

/** One of them. */
export type ForwardArm = (typeof FORWARD_ARMS)[number];

/** What each does, for people. */
export const ARM_WORDS: Readonly<Record<ForwardArm, string>> = {
  generator: "dropped at the gateway's door: the generator and one link",
  ceiling: "bare XDP redirect, nothing looked up or written",
  routed: "the kernel forwards, without connection tracking",
  netfilter: "the kernel translates and forwards",
  tc: "fast path at tc ingress",
  xdp: "fast path at XDP",
};

/** Both gateways with a player each, for one score. */
export interface Band {
  readonly stage: Stage;
  readonly translating: Player;
  readonly plain: Player;
  readonly fastPath: FastPathSwitch | undefined;
}

/** Has packets go by one arm while `run` plays, and leaves everything as netfilter has it. */
export async function withArm<T>(
  band: Band,
  arm: ForwardArm,
  run: (player: Player, translates: boolean) => Promise<T>,
): Promise<T> {
  const { translating, plain, fastPath, stage } = band;
  const gateway = stage.translating.topology.namespaces.gateway;
  if (arm === "netfilter") return await run(translating, true);
  if (arm === "xdp" || arm === "tc") {
    if (fastPath === undefined) throw new TypeError(`arm ${arm} needs the fast path`);
    fastPath.on(gateway, arm);
    try {
      return await run(translating, true);
    } finally {
      fastPath.off(gateway);
    }
  }
  if (arm === "routed") {
    const result = await run(plain, false);
    requireUntracked(stage.plain.topology.namespaces.gateway);
    return result;
  }
  const attachment = arm === "ceiling" ? plain.crossGateway() : plain.stopAtGateway();
  try {
    return await run(plain, false);
  } finally {
    attachment.close();
  }
}

function requireUntracked(namespace: string): void {
  const tracked = readConntrackCount(namespace);
  if (tracked === 0) return;
  throw new BenchError(
    "bench-not-valid",
    `the gateway that only forwards tracks ${tracked} connections`,
    "something has put rules into its namespace: run it again, on a machine where nothing does that",
  );
}
