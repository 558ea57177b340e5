import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { benchAll } from "./all.ts";
import { benchApply } from "./apply.ts";
import { benchForward } from "./forward.ts";
import { benchHttp } from "./http.ts";
import { benchObserve } from "./observe.ts";
import { benchScale } from "./scale.ts";
import { benchSetup } from "./setup.ts";
import { benchStart } from "./start.ts";
import { benchTcp } from "./tcp.ts";

/** The benchmarks. */
export const bench = buildRouteMap<
  "forward" | "tcp" | "http" | "setup" | "scale" | "apply" | "observe" | "start" | "all",
  MeganatContext
>({
  routes: {
    forward: benchForward,
    tcp: benchTcp,
    http: benchHttp,
    setup: benchSetup,
    scale: benchScale,
    apply: benchApply,
    observe: benchObserve,
    start: benchStart,
    all: benchAll,
  },
  docs: { brief: "Benchmarks" },
});
