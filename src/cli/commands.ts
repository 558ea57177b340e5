import type { Command, RouteMap } from "@stricli/core";
import type { MeganatContext } from "./command.ts";

type Route = Command<MeganatContext> | RouteMap<MeganatContext>;

/** Every command in the order of the help; each file is loaded when it is asked for. */
const COMMANDS: Readonly<Record<string, () => Promise<Route>>> = {
  features: async () => (await import("./commands/features.ts")).features,
  init: async () => (await import("./commands/init.ts")).init,
  check: async () => (await import("./commands/check.ts")).check,
  plan: async () => (await import("./commands/plan.ts")).plan,
  apply: async () => (await import("./commands/apply.ts")).apply,
  remove: async () => (await import("./commands/remove.ts")).remove,
  install: async () => (await import("./commands/install.ts")).install,
  uninstall: async () => (await import("./commands/uninstall.ts")).uninstall,
  status: async () => (await import("./commands/status.ts")).status,
  fastpath: async () => (await import("./commands/fastpath/group.ts")).fastpath,
  tune: async () => (await import("./commands/tune.ts")).tune,
  doctor: async () => (await import("./commands/doctor.ts")).doctor,
  explain: async () => (await import("./commands/explain.ts")).explain,
  top: async () => (await import("./commands/top.ts")).top,
  stats: async () => (await import("./commands/stats.ts")).stats,
  flows: async () => (await import("./commands/flows/group.ts")).flows,
  events: async () => (await import("./commands/events.ts")).events,
  log: async () => (await import("./commands/log.ts")).log,
  uplinks: async () => (await import("./commands/uplinks/group.ts")).uplinks,
  render: async () => (await import("./commands/render.ts")).render,
  lookup: async () => (await import("./commands/lookup.ts")).lookup,
  drops: async () => (await import("./commands/drops.ts")).drops,
  profile: async () => (await import("./commands/profile.ts")).profile,
  lab: async () => (await import("./commands/lab/group.ts")).lab,
  demo: async () => (await import("./commands/demo.ts")).demo,
  story: async () => (await import("./commands/story.ts")).story,
  drill: async () => (await import("./commands/drill.ts")).drill,
  bench: async () => (await import("./commands/bench/group.ts")).bench,
  completion: async () => (await import("./commands/completion.ts")).completion,
  help: async () => (await import("./commands/help.ts")).helpCommand,
};

/** Loads the one command if there is one of the name, else all of them. */
export async function loadCommands(only?: string): Promise<Record<string, Route>> {
  const names = only !== undefined && Object.hasOwn(COMMANDS, only) ? [only] : Object.keys(COMMANDS);
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await load(name)] as const)));
}

async function load(name: string): Promise<Route> {
  const route = await COMMANDS[name]?.();
  if (route === undefined) throw new RangeError(`there is no command ${name}`);
  return route;
}
