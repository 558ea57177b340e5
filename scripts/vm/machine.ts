import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { existsSync } from "node:fs";
import type { Duplex } from "node:stream";
import { fileURLToPath } from "node:url";
import { Agent, type CommandOptions, type CommandResult } from "./agent.ts";
import { kvmWorks } from "./kvm.ts";
import { Monitor } from "./monitor.ts";
import { prepareDisk } from "./disk.ts";
import { qemuArguments, type GuestFiles, type MachineShape } from "./qemu.ts";

const QEMU = "qemu-system-x86_64";
/** Longer than any boot on a busy machine. */
const BOOT_SECONDS = 300;
const CONSOLE_KEPT = 64 * 1024;

/** Why no virtual machine can run here, or undefined if one can. */
export function withoutVirtualMachine(): string | undefined {
  const missing = [QEMU, "busybox", "depmod", "cpio", "setpriv", "apt-get", "dpkg-deb"].filter(
    (name) => !isProgram(name),
  );
  if (process.arch !== "x64") return `the guest is an x86-64 machine, this one is ${process.arch}`;
  if (missing.length === 0) return undefined;
  return `${missing.join(", ")} not installed; sh scripts/setup.sh --for vm brings what Debian has`;
}

function isProgram(name: string): boolean {
  const folders = `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin`.split(":");
  return folders.some((folder) => existsSync(`${folder}/${name}`));
}

/**
 * A virtual machine with the stock kernel and this machine's own root file system, which it cannot change.
 * It ends with `close`, and with this process whatever ends it.
 */
export class Machine {
  /** The guest's kernel release, and how long it took from its first instruction until all had started. */
  kernel = "";
  bootSeconds = 0;
  /** The end of what the guest wrote on its console. */
  console = "";

  readonly #shape: MachineShape;
  readonly #files: GuestFiles;
  readonly #watchConsole: ((text: string) => void) | undefined;
  readonly #unplugged = new Set<string>();
  #running: Running | undefined;

  private constructor(shape: MachineShape, files: GuestFiles, watchConsole?: (text: string) => void) {
    this.#shape = shape;
    this.#files = files;
    this.#watchConsole = watchConsole;
  }

  /** Builds the guest if it is not there, boots it and waits until it takes commands. */
  static async boot(shape: Partial<MachineShape> = {}, watchConsole?: (text: string) => void): Promise<Machine> {
    const whole = { nics: 0, systemd: false, megabytes: 2048, processors: 2, ...shape };
    if (whole.disk !== undefined) prepareDisk(whole.disk);
    const machine = new Machine(whole, findFiles(), watchConsole);
    await machine.#start();
    return machine;
  }

  /** Runs a program in the guest. Its output goes to `options`, else into the result. */
  run(command: readonly string[], options: CommandOptions = {}): Promise<CommandResult> {
    return this.#alive().agent.run(command, options);
  }

  /** Runs a line of shell in the guest and gives its output; throws if it does not end with status 0. */
  async shell(line: string): Promise<string> {
    const { status, ended, out, err } = await this.run(["sh", "-c", line]);
    if (status !== 0) throw new Error(`in the guest, ${line}\nended with ${ended ?? status}\n${out}${err}`);
    return out;
  }

  /**
   * Plugs a cable's end in or out: `eth0` the gateway's, `far0` the other. The interface loses or gets its carrier.
   * What is out stays out when the guest boots again.
   */
  async plug(end: string, inserted: boolean): Promise<void> {
    if (inserted) this.#unplugged.delete(end);
    else this.#unplugged.add(end);
    await this.#alive().monitor.execute("set_link", { name: end, up: inserted });
  }

  /** Shuts the guest down as `reboot` does and boots it anew; with a disk it finds everything as it was. */
  async reboot(): Promise<void> {
    await this.#shutDown();
    await this.#start();
  }

  /** Pulls the plug and boots anew: nothing is written back first. */
  async crash(): Promise<void> {
    await this.#kill();
    await this.#start();
  }

  /** Ends the machine. With a disk the guest is shut down first, so that the disk has everything. */
  async close(): Promise<void> {
    if (this.#running === undefined) return;
    if (this.#shape.disk !== undefined) await this.#shutDown();
    else await this.#kill();
  }

  /** Ends the machine at once. */
  async kill(): Promise<void> {
    await this.#kill();
  }

  #alive(): Running {
    if (this.#running === undefined) throw new Error("the virtual machine does not run");
    return this.#running;
  }

  async #start(): Promise<void> {
    this.console = "";
    // The kernel ends QEMU when this process ends, even by SIGKILL.
    const words = ["--pdeathsig", "KILL", "--", QEMU, ...qemuArguments(this.#shape, this.#files)];
    const process = spawn("setpriv", words, { stdio: ["ignore", "pipe", "pipe", "pipe", "pipe"], detached: true });
    const note = (bytes: Buffer): void => {
      const text = bytes.toString("latin1");
      this.console = (this.console + text).slice(-CONSOLE_KEPT);
      this.#watchConsole?.(text);
    };
    process.stdout?.on("data", note);
    process.stderr?.on("data", note);
    const ended = new Promise<void>((resolve) => process.once("close", () => resolve()));
    const agent = new Agent(process.stdio[3] as Duplex);
    const monitor = new Monitor(process.stdio[4] as Duplex);
    this.#running = { process, ended, agent, monitor };
    void ended.then(() => agent.fail(new Error(`the virtual machine ended; its console:\n${this.console}`)));
    const tooLong = setTimeout(() => {
      agent.fail(new Error(`the virtual machine did not boot in ${BOOT_SECONDS} s; its console:\n${this.console}`));
    }, BOOT_SECONDS * 1000);
    try {
      for (const end of this.#unplugged) await monitor.execute("set_link", { name: end, up: false });
      this.kernel = await agent.ready;
      // Whatever the state: it is for the caller to judge.
      if (this.#shape.systemd) await this.run(["systemctl", "is-system-running", "--wait"]);
      this.bootSeconds = Number((await this.shell("cat /proc/uptime")).split(" ")[0]);
    } catch (error) {
      await this.#kill();
      throw error;
    } finally {
      clearTimeout(tooLong);
    }
  }

  async #shutDown(): Promise<void> {
    const { ended } = this.#alive();
    const how = this.#shape.systemd ? "systemctl --no-block reboot" : "sync; echo b >/proc/sysrq-trigger";
    // The answer may be lost with the machine.
    this.run(["sh", "-c", how]).catch(() => {});
    await ended;
    this.#running = undefined;
  }

  async #kill(): Promise<void> {
    if (this.#running === undefined) return;
    const { process, ended } = this.#running;
    process.kill("SIGKILL");
    await ended;
    this.#running = undefined;
  }
}

interface Running {
  readonly process: ChildProcess;
  readonly ended: Promise<void>;
  readonly agent: Agent;
  readonly monitor: Monitor;
}

function findFiles(): GuestFiles {
  const script = fileURLToPath(new URL("build-guest.sh", import.meta.url));
  const guest = execFileSync("sh", [script], { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] }).trim();
  const init = fileURLToPath(new URL("guest-init.sh", import.meta.url));
  return { guest, init, node: process.execPath, kvm: kvmWorks(QEMU) };
}
