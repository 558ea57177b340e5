import { createInterface } from "node:readline";
import type { Duplex } from "node:stream";

interface Answer {
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

/** QEMU's own control line (QMP): one command after the other. */
export class Monitor {
  readonly #line: Duplex;
  readonly #waiting: ((answer: Answer) => void)[] = [];
  #greeted = false;

  constructor(line: Duplex) {
    this.#line = line;
    line.on("error", () => {});
    createInterface({ input: line }).on("line", (text) => {
      const answer = JSON.parse(text) as Answer;
      // Anything else is the greeting or an event.
      if ("return" in answer || "error" in answer) this.#waiting.shift()?.(answer);
    });
  }

  /** Throws what QEMU said if it refuses. */
  async execute(command: string, words: Readonly<Record<string, unknown>> = {}): Promise<void> {
    if (!this.#greeted) {
      this.#greeted = true;
      await this.#ask({ execute: "qmp_capabilities" });
    }
    const { error } = await this.#ask({ execute: command, arguments: words });
    if (error !== undefined) throw new Error(`QEMU cannot ${command} ${JSON.stringify(words)}: ${error.desc}`);
  }

  #ask(request: object): Promise<Answer> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      this.#line.write(`${JSON.stringify(request)}\n`);
    });
  }
}
