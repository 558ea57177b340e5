import type { HandedOver } from "./output.ts";

/**
 * Runs the same command line again as root of a user namespace, if this user may not make network namespaces; undefined
 * if there is no need. `lasting`: among the labs that this user's other commands see.
 */
export async function handOverUnlessRoot(lasting: boolean): Promise<HandedOver | undefined> {
  const { canMakeLabs, runAsOwnRoot } = await import("../lab/unprivileged.ts");
  if (canMakeLabs()) return undefined;
  return { handedOver: await runAsOwnRoot(process.argv.slice(2), lasting) };
}
