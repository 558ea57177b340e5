import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { benchApply } from "./apply.ts";
import { benchForward } from "./forward.ts";
import { benchObserve } from "./observe.ts";

/** The benchmarks. */
export const bench = buildRouteMap<"forward" | "apply" | "observe", MeganatContext>({
  routes: { forward: benchForward, apply: benchApply, observe: benchObserve },
  docs: { brief: "Benchmarks" },
});
