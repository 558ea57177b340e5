import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { benchApply } from "./apply.ts";

/** The benchmarks. */
export const bench = buildRouteMap<"apply", MeganatContext>({
  routes: { apply: benchApply },
  docs: { brief: "Benchmarks" },
});
