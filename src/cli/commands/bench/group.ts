import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { benchApply } from "./apply.ts";
import { benchForward } from "./forward.ts";
import { benchObserve } from "./observe.ts";
import { benchStart } from "./start.ts";

/** The benchmarks. */
export const bench = buildRouteMap<"forward" | "apply" | "observe" | "start", MeganatContext>({
  routes: { forward: benchForward, apply: benchApply, observe: benchObserve, start: benchStart },
  docs: { brief: "Benchmarks" },
});
