import type { Fault } from "../fault.ts";

/** Limits that the cloud's hypervisor keeps: nothing on this side of it can make them. */
export const fault: Fault = {
  id: "cloud-limits",
  title: "the cloud drops what is over the instance's allowance",
  plant: () => undefined,
  impossible: () => "only the network card of a cloud's instance counts these; told from counters in the unit test",
};
