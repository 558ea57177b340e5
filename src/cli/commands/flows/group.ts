import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { flowsDelete } from "./delete.ts";
import { flowsList } from "./list.ts";
import { flowsPorts } from "./ports.ts";

/** The commands about connections; without a word, they are listed. */
export const flows = buildRouteMap<"list" | "ports" | "delete", MeganatContext>({
  routes: { list: flowsList, ports: flowsPorts, delete: flowsDelete },
  defaultCommand: "list",
  docs: { brief: "The connections in the kernel's table: show, count, remove" },
});
