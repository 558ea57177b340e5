import { fileURLToPath } from "node:url";
import { resolve } from "node:path";
import type { BootSystem } from "../render/boot/boot-file.ts";

/** Where things are in the system to install to, as far as the user says. */
export interface BootSystemFlags {
  readonly root: string;
  readonly init?: BootSystem["init"];
  readonly node?: string;
  readonly meganat?: string;
}

/** The system at `root`. Throws InstallError `init-unknown`. */
export async function bootSystemOf(flags: BootSystemFlags): Promise<BootSystem> {
  const { findInit, findNft } = await import("../apply/boot/root-system.ts");
  const root = resolve(flags.root);
  return {
    init: flags.init ?? findInit(root),
    node: flags.node ?? process.execPath,
    command: flags.meganat ?? fileURLToPath(new URL("../../bin/meganat", import.meta.url)),
    nft: findNft(root),
  };
}

/** This system, whatever starts services in it. */
export function bootSystemHere(init: BootSystem["init"]): Promise<BootSystem> {
  return bootSystemOf({ root: "/", init });
}
