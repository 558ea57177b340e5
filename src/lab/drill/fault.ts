import type { Report } from "../../diagnose/report.ts";
import type { Scene } from "./scene.ts";

/**
 * A fault to plant in a lab, and the finding that must name it: a file of src/lab/drill/faults/ each, which exports it
 * as `fault`.
 */
export interface Fault {
  /** Of the finding. A mode may have several faults: then the file's name has more after a dot. */
  readonly id: string;
  /** What is wrong, in a few words. */
  readonly title: string;
  /** Gateway file as text, to be applied; `none`: rules are the fault's own business. Default: `DRILL_GATEWAY`. */
  readonly gateway?: string;
  /** Seconds the doctor looks; default 2. */
  readonly seconds?: number;
  /** Makes it so. What it changes in the lab's namespaces goes with them; for anything else it calls `scene.undo`. */
  readonly plant: (scene: Scene) => void | Promise<void>;
  /** Goes on while the doctor looks, until the signal; begins after `plant`. */
  readonly traffic?: (scene: Scene, signal: AbortSignal) => Promise<void>;
  /** Milliseconds of traffic before the doctor begins, and again after the fix; default 300. */
  readonly settle?: number;
  /** What else must hold of the report; a sentence if it does not. */
  readonly expect?: (report: Report, scene: Scene) => string | undefined;
  /** Whether the finding's first fix is carried out and the doctor asked again; default: if it is a safe one. */
  readonly fixable?: boolean;
  /** Why it cannot be planted on this machine; undefined: it can. */
  readonly impossible?: () => string | undefined;
}
