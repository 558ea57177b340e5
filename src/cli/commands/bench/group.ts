import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { benchApply } from "./apply.ts";
import { benchObserve } from "./observe.ts";

/** The benchmarks. */
export const bench = buildRouteMap<"apply" | "observe", MeganatContext>({
  routes: { apply: benchApply, observe: benchObserve },
  docs: { brief: "Benchmarks" },
});
