import { turnOffFastPath } from "../fastpath/turn-off.ts";
import { turnOnFastPath, type FastPathRequest } from "../fastpath/turn-on.ts";

/** Turns the fast path of a gateway on and off. */
export interface FastPathSwitch {
  /** Gives the path of each interface, which with `auto` MegaNAT chooses: `lan tc, wan tc`. */
  on(namespace: string, path: FastPathRequest["path"]): string;
  off(namespace: string): void;
}

/** The fast path between these interfaces. */
export function fastPathBetween(devices: readonly string[]): FastPathSwitch {
  return {
    on: (netns, path) => {
      const status = turnOnFastPath({ netns, path, devices });
      return status.devices.map((device) => `${device.name} ${device.path}`).join(", ");
    },
    off: (netns) => void turnOffFastPath({ netns }),
  };
}
