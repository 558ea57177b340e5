import type { Plan } from "../../plan/plan.ts";
import type { PortSupply } from "./port-use.ts";

/** The ports of every public address in the plan. */
export function suppliesOf(plan: Plan): PortSupply[] {
  return plan.sources.flatMap(({ addresses, blocks }) =>
    addresses.map(({ address, ports }) => ({
      address,
      first: blocks?.firstPort ?? ports.first,
      last: ports.last,
      ...(blocks === undefined ? {} : { blockSize: blocks.size }),
    })),
  );
}
