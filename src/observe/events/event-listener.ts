import { ConnectionEntry } from "../../kernel/conntrack/entry.ts";
import { ConntrackEventSocket, NOTHING, OVERRUN, type EventKind } from "../../kernel/conntrack/event-socket.ts";
import { scanConntrack } from "../../kernel/conntrack/scan.ts";
import { MessageCursor } from "../../kernel/netlink/cursor.ts";
import { NLM_F_CREATE } from "../../kernel/netlink/header.ts";
import { readSysctl } from "../../kernel/sysctl.ts";
import { ascii, ByteWriter } from "../flows/byte-writer.ts";
import { ForwardedShares } from "../flows/forwarded-shares.ts";
import { matchesFilter } from "./event-match.ts";
import { jsonBeginnings, writeEventJson, writeEventText, type LineKind } from "./event-line.ts";
import { CONTROL, type EventThreadSetup, type FromEventThread } from "./event-stream.ts";
import { noEvents, noKinds, sumKinds, type EventTotals } from "./event-totals.ts";
import { lossLine, resyncLine } from "./loss-line.ts";

/** The low byte of a message's type: IPCTNL_MSG_CT_DELETE. */
const DELETE = 2;
const WAIT_MS = 100;
/** After events, let more gather: to be woken for each costs more than all the rest. */
const GATHER_MS = 4;
/** Reads in a row, of up to 64 events each, before the clock is looked at and what is written goes out. */
const BATCH = 16;
/** Losses are told when they are over, or this long after the last time. */
const TELL_MS = 1000;
/** Reading the table takes time in which more may be lost: only when nothing was for this long. */
const QUIET_MS = 2000;

/** Takes events from the kernel, in a thread of its own that it blocks. */
export class EventListener {
  readonly #setup: EventThreadSetup;
  readonly #post: (message: FromEventThread) => void;
  readonly #socket: ConntrackEventSocket;
  readonly #writer: ByteWriter;
  readonly #message: MessageCursor;
  readonly #entry: ConnectionEntry;
  /** What the fast path forwarded is added to the counters: the kernel has not seen it. */
  readonly #shares: ForwardedShares | undefined;
  readonly #totals = noEvents();
  #beginnings = jsonBeginnings("");
  #seconds = 0;
  #drops = 0;
  #untold = { lost: 0, overruns: 0, unprinted: noKinds() };
  #toldAt = 0;
  /** When something was last lost that no reading of the table has made good. */
  #lossAt: number | undefined;

  constructor(setup: EventThreadSetup, post: (message: FromEventThread) => void) {
    this.#setup = setup;
    this.#post = post;
    this.#shares = setup.shares === undefined ? undefined : ForwardedShares.open(setup.shares);
    this.#socket = new ConntrackEventSocket(setup.namespace, setup);
    this.#message = new MessageCursor(this.#socket.buffer);
    this.#entry = new ConnectionEntry(this.#socket.buffer);
    this.#writer = new ByteWriter((bytes) => this.#send(bytes));
    const events = readSysctl(setup.namespace, "net.netfilter.nf_conntrack_events");
    post({
      begun: {
        bufferBytes: this.#socket.queue.room,
        events: events === undefined ? undefined : Number(events),
      },
    });
  }

  /** Runs until stopped or at its limit; what the kernel still has queued then is read first. */
  run(): EventTotals {
    for (;;) {
      const stopping = this.#stopping;
      this.#lookAtClock();
      const before = sumKinds(this.#totals.seen);
      const empty = this.#drain();
      this.#writer.flush();
      this.#noteLosses(empty || stopping);
      if (stopping && (empty || this.#limitReached)) return this.#totals;
      if (this.#limitReached) Atomics.store(this.#setup.control, CONTROL.stop, 1);
      else if (empty && this.#mayResync) this.#resync();
      else if (empty && !stopping) this.#rest(sumKinds(this.#totals.seen) > before);
    }
  }

  close(): void {
    this.#shares?.close();
    this.#socket.close();
  }

  get #stopping(): boolean {
    return Atomics.load(this.#setup.control, CONTROL.stop) === 1;
  }

  get #mayResync(): boolean {
    return this.#setup.resync && this.#lossAt !== undefined && performance.now() - this.#lossAt > QUIET_MS;
  }

  get #limitReached(): boolean {
    return this.#setup.limit !== undefined && sumKinds(this.#totals.seen) >= this.#setup.limit;
  }

  #rest(busy: boolean): void {
    if (busy) Atomics.wait(this.#setup.control, CONTROL.stop, 0, GATHER_MS);
    else this.#socket.wait(WAIT_MS);
  }

  /** True if there was nothing left. */
  #drain(): boolean {
    for (let i = 0; i < BATCH && !this.#limitReached; i++) {
      const count = this.#socket.receive();
      if (count === NOTHING) return true;
      if (count === OVERRUN) {
        this.#totals.overruns++;
        this.#untold.overruns++;
        continue;
      }
      for (let index = 0; index < count; index++) {
        this.#message.reset(this.#socket.messageLength(index), this.#socket.messageAt(index));
        while (!this.#limitReached && this.#message.next()) this.#take(this.#message);
      }
    }
    return false;
  }

  #take(message: MessageCursor): void {
    if (!this.#entry.scan(message.start, message.end)) {
      this.#totals.malformed++;
      return;
    }
    const kind = kindOf(message);
    this.#totals.seen[kind]++;
    if (Atomics.load(this.#setup.control, CONTROL.waiting) > this.#setup.outputBytes) {
      this.#totals.unprinted[kind]++;
      this.#untold.unprinted[kind]++;
    } else this.#write(kind, this.#entry);
  }

  #write(kind: LineKind, entry: ConnectionEntry): void {
    this.#shares?.addTo(entry);
    if (this.#setup.form === "json") writeEventJson(this.#writer, kind, entry, this.#beginnings);
    else writeEventText(this.#writer, kind, entry, this.#seconds);
  }

  #noteLosses(quiet: boolean): void {
    const drops = this.#socket.drops;
    // 32 bits that may start again.
    const lost = (drops - this.#drops) >>> 0;
    this.#drops = drops;
    this.#totals.lost += lost;
    this.#untold.lost += lost;
    const { overruns, unprinted } = this.#untold;
    if (this.#untold.lost === 0 && overruns === 0 && sumKinds(unprinted) === 0) return;
    const late = performance.now() - this.#toldAt > TELL_MS;
    const room = Atomics.load(this.#setup.control, CONTROL.waiting) <= this.#setup.outputBytes;
    if (!this.#stopping && (!room || (!quiet && !late))) return;
    if (this.#untold.lost > 0 || sumKinds(unprinted) > 0) this.#lossAt = performance.now();
    this.#line(lossLine(this.#setup.form, new Date().toISOString(), this.#untold));
    this.#untold = { lost: 0, overruns: 0, unprinted: noKinds() };
    this.#toldAt = performance.now();
  }

  /** Prints the table as it is now; events that come meanwhile wait in the kernel and follow. */
  #resync(): void {
    const { control, form, namespace, filter, outputBytes } = this.#setup;
    this.#lossAt = undefined;
    this.#totals.resyncs++;
    this.#line(resyncLine(form, "resync-begin", new Date().toISOString()));
    let present = 0;
    const { interrupted, resized } = scanConntrack(
      namespace,
      { family: 0 },
      (entry) => {
        if (!matchesFilter(entry, filter)) return true;
        present++;
        this.#write("present", entry);
        return !this.#stopping;
      },
      () => {
        // Nothing of this may be left out: wait for the reader.
        for (let waiting = Atomics.load(control, CONTROL.waiting); waiting > outputBytes && !this.#stopping;) {
          Atomics.wait(control, CONTROL.waiting, waiting, WAIT_MS);
          waiting = Atomics.load(control, CONTROL.waiting);
        }
        return !this.#stopping;
      },
    );
    const exact = !interrupted && !resized && !this.#stopping;
    this.#line(resyncLine(form, "resync-end", new Date().toISOString(), { present, exact }));
  }

  #line(text: string): void {
    this.#writer.bytes(ascii(text));
    this.#writer.endLine();
    this.#writer.flush();
  }

  #lookAtClock(): void {
    const now = new Date();
    this.#beginnings = jsonBeginnings(now.toISOString());
    this.#seconds = Math.floor(now.getTime() / 1000);
  }

  #send(bytes: Uint8Array): void {
    Atomics.add(this.#setup.control, CONTROL.waiting, bytes.length);
    this.#post({ lines: bytes.slice() });
  }
}

function kindOf({ type, flags }: MessageCursor): EventKind {
  if ((type & 0xff) === DELETE) return "destroy";
  return (flags & NLM_F_CREATE) === 0 ? "update" : "new";
}
