import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { spawnInNamespace } from "../kernel/namespace.ts";
import { hasCapability, isFirstUserNamespace } from "../kernel/permission.ts";
import { identifyProcess, isProcessAlive, type ProcessIdentity } from "../kernel/process.ts";
import type { ChildProcess } from "./child.ts";
import { LabError } from "./error.ts";

/** What a lab lacks when its maker is not root on the host, for people. */
export const LEFT_OUT_UNPRIVILEGED: readonly string[] = [
  "host-wide limits stay as they are (size of the connection table, its buckets, neighbour thresholds)",
  "connections are made by sockets instead of eBPF, which is slower",
];

/** Says whether this process can make a lab itself; if not, `runAsOwnRoot` runs it where it can. */
export function canMakeLabs(): boolean {
  return hasCapability("sys-admin") && hasCapability("net-admin");
}

/** Says whether this process is root only in a user namespace of its own. */
export function isUnprivileged(): boolean {
  return !isFirstUserNamespace();
}

/** A user namespace in which we are root, with network and mounts of its own; the labs' records go to its own /run. */
const UNSHARE = ["--user", "--map-root-user", "--net", "--mount"];
const NSENTER = ["--preserve-credentials", "--user", "--net", "--mount"] as const;
const PRIVATE_RUN = "mount -t tmpfs -o mode=755 tmpfs /run";

/** Holds the namespaces open for as long as there are labs in them; looks every five seconds, goes after a minute without. */
const KEEPER = `${PRIVATE_RUN} && mkdir -p /run/meganat/labs && echo ready || exit 1
idle=0
while [ "$idle" -lt 12 ]; do
  sleep 5
  if ls /run/meganat/labs/*.json >/dev/null 2>&1; then idle=0; else idle=$((idle + 1)); fi
done`;

/**
 * Runs this very program again with other arguments, as root of a user namespace; gives its exit status.
 * `lasting`: in the namespaces that this user's labs share and that outlive the command; else in fresh ones.
 */
export async function runAsOwnRoot(args: readonly string[], lasting: boolean): Promise<number> {
  const script = process.argv[1];
  if (script === undefined) throw new TypeError("only a program started from a file can be run again");
  const again = [process.execPath, ...process.execArgv, script, ...args];
  const [command, ...argv]: [string, ...string[]] = lasting
    ? [
        "nsenter",
        ...NSENTER,
        "-t",
        String((await keeper()).pid),
        "sh",
        "-c",
        'cd "$0" && exec "$@"',
        process.cwd(),
        ...again,
      ]
    : ["unshare", ...UNSHARE, "sh", "-c", `${PRIVATE_RUN} && exec "$@"`, "sh", ...again];
  const child = spawnInNamespace(undefined, command, argv, {
    stdio: "inherit",
    env: { ...process.env, PATH: administratorPath() },
  });
  return exitStatus(child, command);
}

/** nft and ip are in /usr/sbin, which ordinary users have no path to on Debian. */
function administratorPath(): string {
  return `${process.env["PATH"] ?? "/usr/bin:/bin"}:/usr/sbin:/sbin`;
}

/** A handler in the way of ending at once. */
function leaveToChild(): void {}

function exitStatus(child: ChildProcess, command: string): Promise<number> {
  return new Promise((resolve, reject) => {
    // The terminal sends a Ctrl-C to the child as well: it cleans up, and we wait for it.
    process.on("SIGINT", leaveToChild);
    child.on("error", () => {
      reject(noNamespaces(`${command} of util-linux is not installed`));
    });
    child.on("close", (status) => {
      process.off("SIGINT", leaveToChild);
      resolve(status ?? 128);
    });
  });
}

/** The process that holds this user's lasting namespaces, started if there is none. */
async function keeper(): Promise<ProcessIdentity> {
  const file = join(ownDirectory(), "keeper.json");
  const found = readKeeper(file);
  if (found !== undefined && isProcessAlive(found)) return found;
  const child = spawnInNamespace(undefined, "unshare", [...UNSHARE, "sh", "-c", KEEPER], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, PATH: administratorPath() },
  });
  child.unref();
  const ready = await new Promise<boolean>((resolve) => {
    child.on("error", () => resolve(false));
    child.stdout?.on("data", () => resolve(true));
    child.stdout?.on("close", () => resolve(false));
  });
  const identity = child.pid === undefined ? undefined : identifyProcess(child.pid);
  if (!ready || identity === undefined) throw noNamespaces("unshare refused");
  child.stdout?.destroy();
  writeFileSync(file, JSON.stringify(identity), { mode: 0o600 });
  return identity;
}

function readKeeper(file: string): ProcessIdentity | undefined {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as ProcessIdentity;
  } catch {
    return undefined;
  }
}

/** A directory of this user's that nobody else can put files into. */
function ownDirectory(): string {
  const user = process.getuid?.() ?? 0;
  const directory = join(process.env["XDG_RUNTIME_DIR"] ?? "/tmp", `meganat-${user}`);
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const stat = statSync(directory);
  if (stat.uid !== user || (stat.mode & 0o022) !== 0) {
    throw new LabError("lab-no-permission", `${directory} is open to others`, "remove it and try again");
  }
  return directory;
}

function noNamespaces(why: string): LabError {
  return new LabError(
    "lab-no-permission",
    `cannot make network namespaces: not root, and no user namespace either (${why})`,
    "run it as root, or allow user namespaces: sysctl kernel.unprivileged_userns_clone=1 user.max_user_namespaces=10000 " +
      "(Ubuntu: kernel.apparmor_restrict_unprivileged_userns=0)",
  );
}
