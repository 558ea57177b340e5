// Boots a virtual machine, runs one command in it, and ends with its exit status.
import { constants } from "node:os";
import { resolve } from "node:path";
import { parseArgs, type ParseArgsConfig } from "node:util";
import { Machine, withoutVirtualMachine } from "./machine.ts";

const USAGE = `usage: npm run vm -- [options] [COMMAND ARGUMENT...]

Runs a command in a virtual machine with Debian's stock kernel. Its root file system is this machine's own; what it
writes is gone at the end. Without a command: a shell.

  --nics N         interfaces eth0, eth1, ..., each with a cable to far0, far1, ... in the guest's namespace "far"
  --persist FILE   keep what the guest writes in this disk image, which is made if it is not there
  --share FOLDER   a folder that the guest may write to
  --systemd        systemd is process 1, as on a real machine
  --timeout S      end the machine after so many seconds (default 600; a shell: never)
  --memory MB      default 2048
  --processors N   default 2
  --check          only say whether a machine can run here
  --console        show the guest's console on standard error

Examples:
  npm run vm -- uname -r
  npm run vm -- --nics 4 --systemd systemctl list-units
  npm run vm -- node --import tsx --test test/integration/bpf.test.ts

Exit status: the command's; 128+N if signal N ended it; 124 after the timeout; 125 if the machine did not run.
`;

const OPTIONS = {
  nics: { type: "string", default: "0" },
  persist: { type: "string" },
  share: { type: "string" },
  systemd: { type: "boolean", default: false },
  timeout: { type: "string" },
  memory: { type: "string", default: "2048" },
  processors: { type: "string", default: "2" },
  console: { type: "boolean", default: false },
  check: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const satisfies ParseArgsConfig["options"];

const NO_MACHINE = 125;
const TIMED_OUT = 124;
const DEFAULT_LIMIT = 600;

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`vm: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = NO_MACHINE;
}

async function main(words: string[]): Promise<number> {
  const start = commandStart(words);
  const { values } = parseArgs({ args: words.slice(0, start), options: OPTIONS });
  const command = words.slice(start).filter((word, index) => index > 0 || word !== "--");
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const reason = withoutVirtualMachine();
  if (reason !== undefined) throw new Error(`no virtual machine can run here: ${reason}`);
  if (values.check) return 0;

  const machine = await Machine.boot(
    {
      nics: whole("nics", values.nics),
      ...(values.persist === undefined ? {} : { disk: resolve(values.persist) }),
      ...(values.share === undefined ? {} : { share: resolve(values.share) }),
      systemd: values.systemd,
      megabytes: whole("memory", values.memory),
      processors: whole("processors", values.processors),
    },
    values.console ? (text) => void process.stderr.write(text) : undefined,
  );
  process.stderr.write(`vm: kernel ${machine.kernel}, up after ${machine.bootSeconds} s\n`);
  const shell = command.length === 0;
  const limit = values.timeout === undefined ? (shell ? 0 : DEFAULT_LIMIT) : whole("timeout", values.timeout);
  const stopped = stop(limit);
  try {
    const status = await Promise.race([shell ? interact(machine) : runCommand(machine, command), stopped.status]);
    // Shuts a machine with a disk down as it should be.
    if (!stopped.already()) await machine.close();
    return status;
  } finally {
    stopped.forget();
    await machine.kill();
  }
}

/** The index of the first word that belongs to the command. */
function commandStart(words: string[]): number {
  const { tokens } = parseArgs({ args: words, options: OPTIONS, strict: false, allowPositionals: true, tokens: true });
  return tokens.find(({ kind }) => kind !== "option")?.index ?? words.length;
}

function whole(name: string, text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new Error(`--${name} wants a whole number, not ${JSON.stringify(text)}`);
  return Number(text);
}

/** The exit status if time runs out or a signal comes first. */
function stop(limit: number): { status: Promise<number>; already(): boolean; forget(): void } {
  let stopped = false;
  let clock: NodeJS.Timeout | undefined;
  const status = new Promise<number>((resolve) => {
    const end = (status: number, why: string): void => {
      stopped = true;
      process.stderr.write(`vm: ${why}; the machine is stopped\n`);
      resolve(status);
    };
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(name, () => end(ofSignal(name), name));
    if (limit > 0) clock = setTimeout(() => end(TIMED_OUT, `no end after ${limit} s`), limit * 1000);
  });
  return { status, already: () => stopped, forget: () => clearTimeout(clock) };
}

function ofSignal(name: string): number {
  return 128 + (constants.signals[name as NodeJS.Signals] ?? 0);
}

async function runCommand(machine: Machine, command: readonly string[]): Promise<number> {
  const { status, ended } = await machine.run(command, {
    out: (bytes) => void process.stdout.write(bytes),
    err: (bytes) => void process.stderr.write(bytes),
  });
  return status ?? ofSignal(ended ?? "");
}

/** A shell on a terminal of the guest, joined with this one. */
async function interact(machine: Machine): Promise<number> {
  const { stdin, stdout } = process;
  const size = `stty rows ${stdout.rows ?? 24} cols ${stdout.columns ?? 80}`;
  if (stdin.isTTY) stdin.setRawMode(true);
  try {
    const { status } = await machine.run(["script", "-qfec", `${size}; exec bash -i`, "/dev/null"], {
      env: { TERM: process.env["TERM"] ?? "dumb" },
      input: stdin,
      out: (bytes) => void stdout.write(bytes),
    });
    return status ?? NO_MACHINE;
  } finally {
    if (stdin.isTTY) stdin.setRawMode(false);
    stdin.destroy();
  }
}
