import type { Gateway } from "../config/gateway.ts";
import type { Plan } from "../plan/plan.ts";

/** The plan for a machine that has just started; `memoryBytes` is that machine's, if known. */
export async function stockPlan(gateway: Gateway, memoryBytes?: number): Promise<Plan> {
  const [{ stockFacts }, { planGateway }] = await Promise.all([
    import("../plan/stock-facts.ts"),
    import("../plan/plan-gateway.ts"),
  ]);
  return planGateway(gateway, stockFacts(gateway, memoryBytes));
}
