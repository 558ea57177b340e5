import { closeSync, constants as open, openSync, readSync } from "node:fs";
import { constants } from "node:os";
import { KernelError } from "./error.ts";
import { kernelErrorFromNode } from "./ffi/errno.ts";

/** One message of the kernel's log. */
export interface LogRecord {
  /** 0 emergency to 7 debug, as syslog(3). */
  readonly level: number;
  /** Goes up by one with every message since boot: a gap means that messages are gone. */
  readonly sequence: number;
  /** Microseconds since boot, time asleep left out. */
  readonly microseconds: number;
  readonly text: string;
}

/** The kernel refuses to hand over half a record; none is longer (PRINTK_MESSAGE_MAX). */
const RECORD_BYTES = 16 * 1024;
const PATH = "/dev/kmsg";

/** The kernel's log, from the oldest message it still has. It is the whole host's, whatever the namespace. */
export class KernelLog {
  readonly #fd: number;
  readonly #buffer = Buffer.alloc(RECORD_BYTES);

  /** Throws `kernel-permission` where only root of the host may read it, `kernel-not-found` in most containers. */
  constructor() {
    const tried = `read the kernel's log from ${PATH}`;
    try {
      this.#fd = openSync(PATH, open.O_RDONLY | open.O_NONBLOCK);
    } catch (error) {
      const failure = kernelErrorFromNode(tried, error);
      throw failure instanceof KernelError ? explain(failure) : failure;
    }
  }

  /**
   * The next message, without waiting: undefined if there is none yet, `overwritten` if messages were lost since the
   * last one because the kernel needed the room. A message of several lines stays one. Throws `kernel-not-found` if
   * something else is in the log's place.
   */
  next(): LogRecord | "overwritten" | undefined {
    for (;;) {
      try {
        const length = readSync(this.#fd, this.#buffer);
        if (length === 0) throw notTheLog();
        const record = parseLogRecord(this.#buffer.toString("utf8", 0, length));
        if (record !== undefined) return record;
      } catch (error) {
        if (error instanceof KernelError) throw error;
        const failure = kernelErrorFromNode("read the kernel's log", error);
        if (!(failure instanceof KernelError)) throw failure;
        if (failure.errno === constants.errno.EAGAIN) return undefined;
        if (failure.errno === constants.errno.EPIPE) return "overwritten";
        if (failure.errno !== constants.errno.EINTR) throw failure;
      }
    }
  }

  close(): void {
    closeSync(this.#fd);
  }
}

/**
 * Reads a record of /dev/kmsg (Documentation/ABI/testing/dev-kmsg): `6,1234,5678901,-;text`, then lines of the
 * device it is about, which begin with a blank and are left out. Undefined for what is none.
 */
export function parseLogRecord(record: string): LogRecord | undefined {
  const [, priority, sequence, microseconds, text] = /^(\d+),(\d+),(\d+),[^;]*;([^\n]*)/.exec(record) ?? [];
  if (text === undefined) return undefined;
  return {
    // The bits above are the facility: 0 the kernel, others what programs wrote into the log.
    level: Number(priority) & 7,
    sequence: Number(sequence),
    microseconds: Number(microseconds),
    text: unescape(text),
  };
}

/** When the machine's clock of messages stood at 0, in milliseconds since 1970; off by the time it slept. */
export function logEpoch(): number {
  return Date.now() - Number(process.hrtime.bigint() / 1_000_000n);
}

/** Bytes that are not printable come as \xNN. */
function unescape(text: string): string {
  return text.replace(/(?:\\x[0-9a-f]{2})+/g, (bytes) => Buffer.from(bytes.replaceAll("\\x", ""), "hex").toString());
}

/** The log never ends; in some containers /dev/null is in its place, which does. */
function notTheLog(): KernelError {
  return explain(
    new KernelError("kernel-not-found", "something else is there in its place", {
      tried: `read the kernel's log from ${PATH}`,
      errno: 0,
      remedy: "",
    }),
  );
}

function explain({ code, message, tried, errno }: KernelError): KernelError {
  const errnoText = message.slice(`cannot ${tried}: `.length);
  return new KernelError(code, errnoText, { tried, errno, remedy: REMEDIES[code] ?? "see `dmesg`" });
}

const REMEDIES: Readonly<Partial<Record<KernelError["code"], string>>> = {
  "kernel-permission":
    "run as root of the host: kernel.dmesg_restrict is 1, or this is a container, and only CAP_SYSLOG opens it",
  "kernel-not-found": `in a container ${PATH} is left out as a rule: run on the host, or give it --device ${PATH}`,
};
