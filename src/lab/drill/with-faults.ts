import { setTimeout as sleep } from "node:timers/promises";
import type { Report } from "../../diagnose/report.ts";
import { examine } from "../../observe/doctor.ts";
import { LabError } from "../error.ts";
import type { Fault } from "./fault.ts";
import { buildScene, type Scene } from "./scene.ts";

/** A scene in which faults are planted, and their traffic runs. */
export interface FaultyScene {
  readonly scene: Scene;
  /** Asks the doctor, after the faults have had time to show. */
  readonly look: () => Promise<Report>;
}

const SETTLE_MS = 300;
const LOOK_SECONDS = 2;

/** Plants faults in one lab, side by side, for as long as `work` goes on. Throws `drill-stopped` once the signal is aborted. */
export async function withFaults<T>(
  faults: readonly Fault[],
  signal: AbortSignal | undefined,
  work: (place: FaultyScene) => Promise<T>,
): Promise<T> {
  const [gateway, ...others] = new Set(faults.map((fault) => fault.gateway));
  if (others.length > 0) {
    throw new LabError("drill-unknown", "the faults need different gateway files", "plant them one by one");
  }
  const settle = Math.max(...faults.map((fault) => fault.settle ?? SETTLE_MS));
  const seconds = Math.max(...faults.map((fault) => fault.seconds ?? LOOK_SECONDS));
  const checkGoesOn = (): void => {
    if (signal?.aborted === true) throw stopped();
  };
  const scene = await buildScene(gateway);
  const traffic = new AbortController();
  const running: Promise<void>[] = [];
  try {
    checkGoesOn();
    for (const fault of faults) await fault.plant(scene);
    for (const fault of faults) {
      // A fault makes traffic fail.
      if (fault.traffic !== undefined) running.push(fault.traffic(scene, traffic.signal).catch(() => undefined));
    }
    return await work({
      scene,
      look: async () => {
        await sleep(settle, undefined, { signal }).catch(checkGoesOn);
        const { report } = await examine({
          namespace: scene.gateway,
          seconds,
          ...(signal === undefined ? {} : { signal }),
        });
        checkGoesOn();
        return report;
      },
    });
  } finally {
    traffic.abort();
    await Promise.all(running);
    await scene.close();
  }
}

function stopped(): LabError {
  return new LabError("interrupted", "the drill was stopped", "start it again");
}
