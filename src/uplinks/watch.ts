import type { Gateway } from "../config/gateway.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listLinks } from "../kernel/route/link.ts";
import { LinkWatch } from "../kernel/route/link-watch.ts";
import { listRoutes } from "../kernel/route/route.ts";
import { isWithdrawal, restoreTable, withdrawTable } from "../kernel/route/withdrawal.ts";
import { uplinkMark } from "../plan/uplinks/marks.ts";
import { FIRST_PREFERRED_TABLE } from "../render/uplinks/tables.ts";
import { interfaceOf } from "../render/links.ts";
import { UplinkError } from "./error.ts";
import { ForgetThread } from "./forget-thread.ts";
import { outOfUse } from "./health.ts";
import { REPORT_EVERY, writeReport } from "./report-file.ts";
import { WatchedUplink } from "./watched-uplink.ts";

/** What happened to an uplink. */
export interface UplinkEvent {
  /** ISO 8601. */
  readonly at: string;
  readonly link: string;
  /**
   * `withdrawn`, `restored`: new connections leave it, come back; `cleared`: those by it are deleted; `gone`: the kernel
   * has no route of ours to it now.
   */
  readonly event: "up" | "down" | "withdrawn" | "cleared" | "restored" | "gone";
  readonly cause?: string;
}

/** Watches the uplinks of a gateway that is applied. */
export class UplinkWatch {
  readonly #namespace: NamespaceName;
  readonly #uplinks: readonly WatchedUplink[];
  readonly #links: LinkWatch;
  readonly #forgetting: ForgetThread;
  readonly #tell: (event: UplinkEvent) => void;
  #carriers: ReadonlySet<string>;
  #nextReport = 0;
  /** Of each uplink what the kernel had at the last look at it. */
  #known: (boolean | undefined)[];

  /** Those that are out of use begin as down, and have to prove themselves. Throws UplinkError. */
  constructor(namespace: NamespaceName, gateway: Gateway, tell: (event: UplinkEvent) => void) {
    const { uplinks } = gateway;
    if (uplinks === undefined) {
      throw new UplinkError(
        "uplinks-none",
        `the file of ${gateway.name} names no uplinks`,
        "write the section uplinks",
      );
    }
    this.#namespace = namespace;
    this.#tell = tell;
    this.#known = uplinks.map((_, index) => withdrawnIn(namespace, FIRST_PREFERRED_TABLE + index));
    const missing = uplinks.find((_, index) => this.#known[index] === undefined);
    if (missing !== undefined) {
      const message = `the kernel has no route of ours to the uplink ${missing.link}`;
      throw new UplinkError("uplinks-not-applied", message, "apply the file first: meganat apply FILE");
    }
    this.#links = new LinkWatch(namespace);
    this.#forgetting = new ForgetThread(namespace);
    this.#carriers = carriersIn(namespace);
    const now = performance.now();
    this.#uplinks = uplinks.map((uplink, index) => {
      const place = { namespace, interface: interfaceOf(gateway, uplink.link) };
      return new WatchedUplink(uplink, place, FIRST_PREFERRED_TABLE + index, this.#known[index] === false, now);
    });
  }

  /** Looks once at everything that is due; to be called every `LOOK_EVERY` milliseconds. */
  look(): void {
    const now = performance.now();
    if (this.#links.changed()) this.#carriers = carriersIn(this.#namespace);
    let changed = false;
    for (const uplink of this.#uplinks) {
      if (!uplink.look(now, this.#carriers.has(uplink.interface))) continue;
      changed = true;
      this.#say(uplink, uplink.up ? "up" : "down", uplink.cause);
    }
    const done = this.#forgetting.done();
    for (const [index, uplink] of this.#uplinks.entries()) {
      if (done.includes(uplinkMark(index))) this.#say(uplink, "cleared");
    }
    const isDue = now >= this.#nextReport;
    // Now and then without a change too: somebody else may have changed what the kernel has.
    if (changed || isDue) this.#bringAbout();
    if (!changed && !isDue) return;
    this.#nextReport = now + REPORT_EVERY;
    writeReport(
      this.#namespace,
      new Date(),
      this.#uplinks.map((uplink) => uplink.report()),
    );
  }

  close(): void {
    for (const uplink of this.#uplinks) uplink.close();
    this.#links.close();
    this.#forgetting.close();
  }

  /** Makes the kernel's tables what the uplinks' health says. What there is no route of ours to is left alone. */
  #bringAbout(): void {
    const tables = this.#uplinks.map(({ table }) => withdrawnIn(this.#namespace, table));
    const wanted = outOfUse(
      this.#uplinks.map(({ up }, index) => up && tables[index] !== undefined),
      tables.map((withdrawn) => withdrawn ?? false),
    );
    for (const [index, uplink] of this.#uplinks.entries()) {
      const withdrawn = tables[index];
      const out = wanted[index] ?? false;
      if (withdrawn === undefined && this.#known[index] !== undefined) this.#say(uplink, "gone");
      this.#known[index] = withdrawn;
      if (withdrawn === undefined || withdrawn === out) continue;
      if (out) {
        withdrawTable(this.#namespace, uplink.table);
        // They would go on by the dead one: what of them can begin anew does so by another.
        this.#forgetting.forget(uplinkMark(index));
      } else {
        restoreTable(this.#namespace, uplink.table);
      }
      this.#say(uplink, out ? "withdrawn" : "restored");
    }
  }

  #say({ uplink }: WatchedUplink, event: UplinkEvent["event"], cause?: string): void {
    this.#tell({ at: new Date().toISOString(), link: uplink.link, event, ...(cause === undefined ? {} : { cause }) });
  }
}

function carriersIn(namespace: NamespaceName): Set<string> {
  return new Set(listLinks(namespace).flatMap(({ name, up, carrier }) => (up && carrier ? [name] : [])));
}

/** Says whether the table is out of use; undefined if nothing of ours is in it. */
function withdrawnIn(namespace: NamespaceName, table: number): boolean | undefined {
  const routes = listRoutes(namespace, { table });
  return routes.some(({ type }) => type === "unicast") ? routes.some(isWithdrawal) : undefined;
}
