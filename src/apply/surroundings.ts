import type { NamespaceName } from "../kernel/namespace.ts";
import type { Live } from "./live.ts";
import { kernelOf } from "./live-kernel.ts";
import { recordDirectory } from "./record-directory.ts";
import { fileRecordStore, type RecordStore } from "./record-store.ts";

/** The kernel and the place of the records; tests bring their own. */
export interface Surroundings {
  readonly live: Live;
  readonly store: RecordStore;
  /** The time as ISO 8601. */
  readonly now: () => string;
}

/** Which namespace, and where its records are. */
export interface PlaceOptions {
  /** Undefined: the namespace the process is in. */
  readonly namespace?: NamespaceName;
  /** Where records are kept, in place of /run/meganat. */
  readonly directory?: string | undefined;
}

/** The real surroundings. */
export function surroundingsOf(place: PlaceOptions): Surroundings {
  return {
    live: kernelOf(place.namespace),
    store: fileRecordStore(recordDirectory(place.namespace, place.directory)),
    now: () => new Date().toISOString(),
  };
}
