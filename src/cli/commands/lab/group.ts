import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { labDown } from "./down.ts";
import { labExec } from "./exec.ts";
import { labList } from "./list.ts";
import { labUp } from "./up.ts";

/** The commands about labs. */
export const lab = buildRouteMap<"up" | "list" | "exec" | "down", MeganatContext>({
  routes: { up: labUp, list: labList, exec: labExec, down: labDown },
  docs: { brief: "Replicas of a gateway in network namespaces" },
});
