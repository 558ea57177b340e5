import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** A process, and what its program is called. */
export interface SocketOwner {
  readonly pid: number;
  readonly program: string;
}

/**
 * Finds which process has a socket open, by the socket's inode; undefined if none that may be looked at has. Looks at
 * the open files of every process: some ten milliseconds on a busy host.
 */
export function findSocketOwner(inode: number): SocketOwner | undefined {
  const wanted = `socket:[${inode}]`;
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const pid = pids.find((one) => linksOf(`/proc/${one}/fd`).includes(wanted));
  const program = pid === undefined ? undefined : readProgram(Number(pid));
  return program === undefined ? undefined : { pid: Number(pid), program };
}

/** What a process's program is called; undefined if there is no such process. */
export function readProgram(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim();
  } catch {
    return undefined;
  }
}

/** Empty for processes of others, and those that have just ended. */
function linksOf(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => linkOf(`${directory}/${name}`));
  } catch {
    return [];
  }
}

function linkOf(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return "";
  }
}
