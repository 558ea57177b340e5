import { writeSync } from "node:fs";
import type { ReadStream, WriteStream } from "node:tty";
import { decodeKeys, endOfKeys, type Key } from "./keys.ts";
import type { Size } from "./frame.ts";
import { ENTER, LEAVE, redraw } from "./screen.ts";

/** How long the rest of an escape sequence may take over a slow line, in milliseconds; then it was the escape key. */
const ESCAPE_WAIT = 100;
/** For terminals that do not tell their size. */
const USUAL_SIZE: Size = { columns: 80, rows: 24 };

/** As process.stdout is. */
export type TerminalOutput = WriteStream & { readonly fd: number };

/** What a terminal tells. */
export interface TerminalEvents {
  readonly key: (key: Key) => void;
  /** Everything must be drawn anew: another size, or back from the background. */
  readonly anew: () => void;
  /** Nobody is there any more, or a signal says to end. */
  readonly end: () => void;
}

const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const;

/**
 * A terminal with its whole screen ours, from its making until `close`. Whatever ends the process but SIGKILL, the
 * terminal gets its own screen, cursor and line editing back.
 */
export class Terminal {
  readonly #input: ReadStream;
  readonly #output: TerminalOutput;
  readonly #events: TerminalEvents;
  #shown: readonly string[] | undefined;
  #entered = false;
  #rest = "";
  #escape: NodeJS.Timeout | undefined;

  constructor(input: ReadStream, output: TerminalOutput, events: TerminalEvents) {
    this.#input = input;
    this.#output = output;
    this.#events = events;
    process.on("exit", this.#leave);
    for (const signal of ENDING_SIGNALS) process.on(signal, events.end);
    process.on("SIGCONT", this.#resume);
    output.on("resize", this.#anew).on("error", events.end);
    input.on("data", this.#read).on("end", events.end).on("error", events.end);
    this.#enter();
    input.resume();
  }

  get size(): Size {
    const { columns, rows } = this.#output;
    return columns > 0 && rows > 0 ? { columns, rows } : USUAL_SIZE;
  }

  /** Shows the lines; only what changed is sent. */
  draw(lines: readonly string[]): void {
    if (!this.#entered) return;
    const text = redraw(this.#shown, lines);
    this.#shown = lines;
    if (text !== "") this.#output.write(text);
  }

  /** The next frame is sent whole. */
  forget(): void {
    this.#shown = undefined;
  }

  /** Gives the terminal back and stops, as Ctrl-Z does elsewhere, until somebody brings us to the foreground again. */
  suspend(): void {
    this.#leave();
    // Whoever has no shell above is not stopped by it: then it goes on.
    setTimeout(this.#resume, 300);
    process.kill(0, "SIGTSTP");
  }

  close(): void {
    clearTimeout(this.#escape);
    process.off("exit", this.#leave).off("SIGCONT", this.#resume);
    for (const signal of ENDING_SIGNALS) process.off(signal, this.#events.end);
    this.#output.off("resize", this.#anew);
    this.#input.off("data", this.#read).off("end", this.#events.end);
    this.#leave();
    this.#input.pause();
  }

  #enter(): void {
    this.#input.setRawMode(true);
    this.#output.write(ENTER);
    this.#entered = true;
    this.forget();
  }

  /** At once, not by the stream: the process may be about to end. */
  readonly #leave = (): void => {
    if (!this.#entered) return;
    this.#entered = false;
    try {
      this.#input.setRawMode(false);
      writeSync(this.#output.fd, LEAVE);
    } catch {
      // The terminal has gone: there is nothing to give back.
    }
  };

  readonly #resume = (): void => {
    if (!this.#entered) this.#enter();
    // The shell may have changed the terminal's ways meanwhile.
    else this.#input.setRawMode(true);
    this.#anew();
  };

  readonly #anew = (): void => {
    this.forget();
    this.#events.anew();
  };

  readonly #read = (data: Buffer | string): void => {
    clearTimeout(this.#escape);
    const { keys, rest } = decodeKeys(this.#rest + data.toString());
    this.#rest = rest;
    if (rest !== "") this.#escape = setTimeout(this.#escaped, ESCAPE_WAIT);
    for (const key of keys) this.#events.key(key);
  };

  readonly #escaped = (): void => {
    const keys = endOfKeys(this.#rest);
    this.#rest = "";
    for (const key of keys) this.#events.key(key);
  };
}
