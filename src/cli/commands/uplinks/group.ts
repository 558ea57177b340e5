import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { uplinksWatch } from "./watch.ts";

/** The commands about links to several providers. */
export const uplinks = buildRouteMap<"watch", MeganatContext>({
  routes: { watch: uplinksWatch },
  docs: { brief: "Watch the links to several providers, and let them stand in for each other" },
});
