import { readSysctl, writeSysctl } from "../../kernel/sysctl.ts";
import { applyInLab } from "../../lab/apply-in-lab.ts";
import { bringUpLab, type Lab } from "../../lab/lab.ts";
import type { Plan } from "../../plan/plan.ts";
import { SUBSCRIBER_COUNT, tableGateway, type TableWords } from "./table-gateway.ts";

/** Longer than any benchmark: no entry may end by itself. */
const UDP_SECONDS = "86400";
const NEIGHBOUR_ROOM = 4 * SUBSCRIBER_COUNT;

/** What the host's table is to be, if not as planned. */
export interface TableRoom {
  readonly max?: number;
  readonly buckets?: number;
}

/** A gateway at work in a lab, with room for the connections. */
export interface TableLab {
  readonly lab: Lab;
  readonly plan: Plan;
  readonly settings: TableSettings;
}

/** What the gateway was set to. */
export interface TableSettings {
  readonly max: number;
  readonly buckets: number;
  readonly selection: string;
  readonly earlyDemux: boolean;
}

/** Brings the lab up and applies the gateway; the host's limits go back when the lab is closed. */
export async function openTableLab(words: TableWords, room: TableRoom = {}): Promise<TableLab> {
  const lab = await bringUpLab(tableGateway(words), { life: "process" });
  try {
    const namespace = lab.topology.namespaces.gateway;
    const { plan } = applyInLab(lab, {
      ...(room.max === undefined ? {} : { "net.netfilter.nf_conntrack_max": room.max }),
      ...(room.buckets === undefined ? {} : { "net.netfilter.nf_conntrack_buckets": room.buckets }),
      "net.ipv4.neigh.default.gc_thresh1": NEIGHBOUR_ROOM,
      "net.ipv4.neigh.default.gc_thresh2": NEIGHBOUR_ROOM,
      "net.ipv4.neigh.default.gc_thresh3": NEIGHBOUR_ROOM,
    });
    for (const name of ["udp_timeout", "udp_timeout_stream"]) {
      writeSysctl(namespace, `net.netfilter.nf_conntrack_${name}`, UDP_SECONDS);
    }
    return {
      lab,
      plan,
      settings: {
        max: Number(readSysctl(undefined, "net.netfilter.nf_conntrack_max")),
        buckets: Number(readSysctl(undefined, "net.netfilter.nf_conntrack_buckets")),
        selection: plan.sources[0]?.selection ?? "preserve",
        earlyDemux: readSysctl(namespace, "net.ipv4.ip_early_demux") !== "0",
      },
    };
  } catch (error) {
    await lab.close();
    throw error;
  }
}
