import { createInterface } from "node:readline";
import type { Duplex, Readable } from "node:stream";

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: Readable;
  /** Called with each piece of output as it comes; without them the result has the text. */
  readonly out?: (bytes: Buffer) => void;
  readonly err?: (bytes: Buffer) => void;
  /** Ends the command, and what it started, when aborted. */
  readonly signal?: AbortSignal;
}

export interface CommandResult {
  /** Undefined if a signal ended it. */
  readonly status?: number;
  /** The signal that ended it. */
  readonly ended?: string;
  readonly out: string;
  readonly err: string;
}

/** What scripts/vm/guest-agent.mjs sends. */
interface Message {
  readonly ready?: string;
  readonly id?: number;
  readonly out?: string;
  readonly err?: string;
  readonly status?: number;
  readonly ended?: string;
}

/** The host's end of the line to the guest's agent. */
export class Agent {
  /** The guest's kernel release, when the guest takes commands. */
  readonly ready: Promise<string>;

  readonly #line: Duplex;
  readonly #running = new Map<number, { hear(message: Message): void; fail(error: Error): void }>();
  #lastId = 0;
  #failure: Error | undefined;
  #becomeReady: (kernel: string) => void = () => {};
  #becomeFailed: (error: Error) => void = () => {};

  constructor(line: Duplex) {
    this.#line = line;
    this.ready = new Promise((resolve, reject) => {
      this.#becomeReady = resolve;
      this.#becomeFailed = reject;
    });
    line.on("error", () => {});
    createInterface({ input: line }).on("line", (text) => {
      const message = JSON.parse(text) as Message;
      if (message.ready !== undefined) this.#becomeReady(message.ready);
      else this.#running.get(message.id ?? 0)?.hear(message);
    });
  }

  async run(command: readonly string[], options: CommandOptions): Promise<CommandResult> {
    if (this.#failure !== undefined) throw this.#failure;
    const id = ++this.#lastId;
    const { cwd = process.cwd(), env = {}, input, signal } = options;
    const out: Buffer[] = [];
    const err: Buffer[] = [];
    const takeOut = options.out ?? ((bytes: Buffer) => out.push(bytes));
    const takeErr = options.err ?? ((bytes: Buffer) => err.push(bytes));
    const sendInput = (bytes: Buffer): void => this.#send({ id, input: bytes.toString("base64") });
    const endInput = (): void => this.#send({ id, input: null });
    const kill = (): void => this.#send({ id, signal: "SIGKILL" });
    try {
      const end = await new Promise<Message>((resolve, reject) => {
        this.#running.set(id, {
          hear: (message) => {
            if (message.out !== undefined) takeOut(Buffer.from(message.out, "base64"));
            else if (message.err !== undefined) takeErr(Buffer.from(message.err, "base64"));
            else resolve(message);
          },
          fail: reject,
        });
        this.#send({ id, command, cwd, env });
        if (input === undefined) endInput();
        else input.on("data", sendInput).on("end", endInput);
        signal?.addEventListener("abort", kill);
        if (signal?.aborted === true) kill();
      });
      const text = { out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() };
      if (end.status !== undefined) return { status: end.status, ...text };
      return { ended: end.ended ?? "unknown", ...text };
    } finally {
      this.#running.delete(id);
      signal?.removeEventListener("abort", kill);
      input?.off("data", sendInput).off("end", endInput);
    }
  }

  /** Whatever waits for the guest is told why nothing will come. */
  fail(error: Error): void {
    this.#failure = error;
    this.#becomeFailed(error);
    for (const waiting of this.#running.values()) waiting.fail(error);
  }

  #send(message: object): void {
    this.#line.write(`${JSON.stringify(message)}\n`);
  }
}
