// TCP connections that are used all the time; a program.
//   serve ADDRESS PORT        sends back what it gets
//   hold ADDRESS PORT COUNT   opens them, says "open" when all are, and exchanges a byte by each every 20 ms. A line of
//                             input is answered by an Exchange as JSON, of the time since the line before.
import { connect, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Exchange } from "./campus.ts";

const EVERY = 20;

/** One connection, and what came by it since the last account. */
interface Held {
  answers: number;
  longestGap: number;
  last: number;
  closed: boolean;
}

const [task, address = "", port = "", count = ""] = process.argv.slice(2);
if (task === "serve") serve();
else await holdAll(Number(count));

function serve(): void {
  const echo = (socket: Socket): void => void socket.on("error", () => {}).pipe(socket);
  createServer(echo).listen(Number(port), address, () => say("up"));
}

async function holdAll(number: number): Promise<void> {
  const sockets = await Promise.all(Array.from({ length: number }, open));
  say("open");
  const held = sockets.map(use);
  for await (const _ of createInterface({ input: process.stdin })) say(JSON.stringify(account(held)));
  process.exit();
}

/** One try: a connection that is refused or breaks ends the program. */
function open(): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), address).setNoDelay();
    socket.once("connect", () => resolve(socket)).once("error", reject);
  });
}

function use(socket: Socket): Held {
  const held: Held = { answers: 0, longestGap: 0, last: performance.now(), closed: false };
  setInterval(() => socket.write("x"), EVERY);
  socket.on("data", (bytes) => {
    const now = performance.now();
    held.longestGap = Math.max(held.longestGap, now - held.last);
    held.last = now;
    held.answers += bytes.length;
  });
  socket.on("close", () => (held.closed = true));
  return held;
}

function account(all: readonly Held[]): Exchange {
  const now = performance.now();
  const found = {
    answers: all.reduce((sum, { answers }) => sum + answers, 0),
    // What has not ended yet counts too.
    longestGap: Math.round(Math.max(...all.map(({ longestGap, last }) => Math.max(longestGap, now - last)))),
    silent: all.filter(({ answers }) => answers === 0).length,
    lost: all.filter(({ closed }) => closed).length,
  };
  for (const held of all) held.longestGap = held.answers = 0;
  return found;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
