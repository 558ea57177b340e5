import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { benchApply } from "./apply.ts";
import { benchForward } from "./forward.ts";
import { benchObserve } from "./observe.ts";
import { benchScale } from "./scale.ts";
import { benchSetup } from "./setup.ts";
import { benchStart } from "./start.ts";

/** The benchmarks. */
export const bench = buildRouteMap<
  "forward" | "setup" | "scale" | "apply" | "observe" | "start",
  MeganatContext
>({
  routes: {
    forward: benchForward,
    setup: benchSetup,
    scale: benchScale,
    apply: benchApply,
    observe: benchObserve,
    start: benchStart,
  },
  docs: { brief: "Benchmarks" },
});
