import { buildRouteMap } from "@stricli/core";
import type { MeganatContext } from "../../command.ts";
import { fastPathOff } from "./off.ts";
import { fastPathOn } from "./on.ts";
import { fastPathStatus } from "./status.ts";

/** The commands about the fast path. */
export const fastpath = buildRouteMap<"on" | "off" | "status", MeganatContext>({
  routes: { on: fastPathOn, off: fastPathOff, status: fastPathStatus },
  docs: { brief: "Forward established connections without the kernel's network stack (eBPF, flowtable)" },
});
