import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readIfThere } from "../whole-file.ts";
import { InstallError } from "./error.ts";

/** What starts services. */
export type Init = "systemd" | "openrc";

const SYSTEMD = ["/usr/lib/systemd/systemd", "/lib/systemd/systemd"];
const OPENRC = ["/sbin/openrc-run", "/usr/sbin/openrc-run"];
const NFT = ["/usr/sbin/nft", "/sbin/nft", "/usr/bin/nft", "/bin/nft"];

/** There while they run the system. */
const RUNNING: readonly (readonly [Init, string])[] = [
  ["systemd", "/run/systemd/system"],
  ["openrc", "/run/openrc"],
];

/** The init system of the system at `root`: the one that runs; of those that are there, systemd first. Throws `init-unknown`, `root-unusable`. */
export function findInit(root: string): Init {
  if (!isDirectory(root)) {
    throw new InstallError(
      "root-unusable",
      `${root} is no directory`,
      "name the directory of the system to install to",
    );
  }
  const running = RUNNING.find(([, path]) => isIn(root, path));
  if (running !== undefined) return running[0];
  if (anyOf(root, SYSTEMD) !== undefined) return "systemd";
  if (anyOf(root, OPENRC) !== undefined) return "openrc";
  throw new InstallError(
    "init-unknown",
    `there is neither systemd nor OpenRC in ${root}, and for other ways to start services MegaNAT has no files`,
    "let what runs once the network devices are there call `meganat apply FILE --wait 20`, and take the settings from `meganat render`; or say --init systemd or --init openrc if it is one of them",
  );
}

/** Where nft is in the system at `root`: where it was found, else where most distributions have it. */
export function findNft(root: string): string {
  return anyOf(root, NFT) ?? "/usr/sbin/nft";
}

/** Says whether a file is there in the system at `root`. */
export function isIn(root: string, path: string): boolean {
  return existsSync(join(root, path));
}

/** Kernel releases in the system at `root` that have connection tracking built in: module parameters do not reach it. */
export function kernelsWithBuiltInConntrack(root: string): string[] {
  const modules = join(root, "/lib/modules");
  if (!isDirectory(modules)) return [];
  return readdirSync(modules).filter((release) =>
    (readIfThere(join(modules, release, "modules.builtin")) ?? "").includes("/nf_conntrack.ko"),
  );
}

/** Of the interfaces, those for which systemd-networkd has a file of its own in the system at `root`. */
export function interfacesOfNetworkd(root: string, interfaces: readonly string[]): string[] {
  const directory = join(root, "/etc/systemd/network");
  if (!isDirectory(directory)) return [];
  const named = readdirSync(directory)
    .filter((name) => name.endsWith(".network"))
    .map((name) => readIfThere(join(directory, name)) ?? "")
    // KeepConfiguration: then it leaves addresses of others alone.
    .filter((text) => !/^\s*KeepConfiguration\s*=\s*(yes|static)\s*$/m.test(text))
    .flatMap((text) => [...text.matchAll(/^\s*Name\s*=\s*(.*)$/gm)])
    .flatMap(([, names]) => (names ?? "").split(/\s+/));
  return interfaces.filter((name) => named.includes(name));
}

function anyOf(root: string, paths: readonly string[]): string | undefined {
  return paths.find((path) => isIn(root, path));
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
