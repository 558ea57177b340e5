import type { InstallStep } from "../apply/boot/install.ts";
import type { Gateway } from "../config/gateway.ts";
import type { BootFile, BootSystem } from "../render/boot/boot-file.ts";
import type { Output } from "./output.ts";

/** What install has to say of the system: stable code, sentence, remedy. */
export interface InstallNote {
  readonly code: InstallNoteCode;
  readonly message: string;
  readonly fix: string;
}

/** What notes of install are about. */
export type InstallNoteCode = "program-not-there" | "conntrack-built-in" | "networkd-configures-it";

/** Lines of a file that are shown from its beginning when it is long. */
const SHOWN = 40;

/** One line for each file: what becomes of it and why it is there. */
export function stepLines(steps: readonly InstallStep[], files: readonly BootFile[]): string[] {
  return steps.flatMap(({ path, action, edited }) => {
    const reason = files.find((file) => file.path === path)?.reason ?? "of an earlier install, not needed any more";
    const kept = edited ? [`          somebody has changed it: what it holds now is kept as ${path}.saved`] : [];
    return [`  ${action.padEnd(6)}  ${path}`, `          ${reason}`, ...kept];
  });
}

/** The content of each file that would be written. */
export function bootFileLines(output: Output, steps: readonly InstallStep[], files: readonly BootFile[]): string[] {
  return files.flatMap(({ path, content }) => {
    const action = steps.find((step) => step.path === path)?.action;
    if (action === "keep") return [];
    const head = ["", output.paint("heading", path)];
    if ("linkTo" in content) return [...head, `link to ${content.linkTo}`];
    const lines = content.text.trimEnd().split("\n");
    const more = lines.length - SHOWN;
    return [...head, ...lines.slice(0, SHOWN), ...(more > 0 ? [`... and ${more} more lines (--json has all)`] : [])];
  });
}

/** What the administrator should know of the system the gateway was installed in. */
export async function installNotes(
  root: string,
  system: BootSystem,
  gateway: Gateway,
  steps: readonly InstallStep[],
): Promise<InstallNote[]> {
  const { interfacesOfNetworkd, isIn, kernelsWithBuiltInConntrack } = await import("../apply/boot/root-system.ts");
  const notes: InstallNote[] = [];
  for (const [what, path] of [
    ["Node.js", system.node],
    ["meganat", system.command],
    ["nft", system.nft],
  ] as const) {
    if (isIn(root, path)) continue;
    const flag =
      what === "nft" ? "install the package nftables there" : `say where with --${what === "meganat" ? what : "node"}`;
    notes.push({
      code: "program-not-there",
      message: `${what} is not at ${path} in ${root}`,
      fix: `${flag}, or put it there`,
    });
  }
  const builtIn = kernelsWithBuiltInConntrack(root);
  const size = steps.some(({ path, action }) => path.startsWith("/etc/modprobe.d/") && action !== "remove");
  if (size && builtIn.length > 0) {
    notes.push({
      code: "conntrack-built-in",
      message: `connection tracking is no module but part of the kernel ${builtIn.join(", ")}: modprobe.d does not reach it`,
      fix: "put the same parameter on the kernel's command line: nf_conntrack.hashsize=... (the figure is in /etc/modprobe.d/meganat.conf)",
    });
  }
  const both = interfacesOfNetworkd(
    root,
    gateway.links.map((link) => link.interface),
  );
  if (both.length > 0) {
    notes.push({
      code: "networkd-configures-it",
      message: `systemd-networkd configures ${both.join(", ")} and takes addresses away that it does not know`,
      fix: "give it those of the gateway (`meganat render FILE --format networkd`), or write KeepConfiguration=yes in its .network file",
    });
  }
  return notes;
}
