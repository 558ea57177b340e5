import { parentPort, type MessagePort } from "node:worker_threads";
import { PacketSocket } from "../../kernel/packet-socket.ts";
import { packFailure } from "../../kernel/thread-failure.ts";
import { threadSetup } from "../../kernel/thread.ts";
import { collect, respond, type Answer } from "./answer.ts";
import type { EngineSetup } from "./engine.ts";
import { FRAME_LENGTH, IPPROTO_TCP, writeFrame } from "./frame.ts";
import {
  isMarked,
  markOnce,
  SLOT,
  type PacketThreadData,
  type ResponderResult,
  type SendOrder,
  type SharedState,
  type ThreadMessage,
} from "./packet-threads.ts";

/** Frames sent before looking at what became of them. */
const BURST = 64;
/** Frames that may be on their way; well below what the queues between the namespaces hold. */
const WINDOW = 512;
/** What has not arrived by then is lost, or refused by the gateway. */
const LOST_MS = 20;
const STOP_POLL_MS = 50;
const RETRY_MS = 1;
/** Longer frames are not ours; they are cut, and left to the kernel. */
const RECEIVE_BYTES = 64;

function runThread({ role, setup, shared }: PacketThreadData, port: MessagePort): void {
  orSayWhy(port, () => {
    if (role === "send") send(setup, shared, port);
    else if (role === "respond") receiveUntilStopped(setup, shared, port);
    else collectUntilStopped(setup, shared, port);
  });
}

function orSayWhy(port: MessagePort, run: () => void): void {
  try {
    run();
  } catch (error) {
    port.postMessage({ failure: packFailure(error) } satisfies ThreadMessage);
  }
}

function send(setup: EngineSetup, shared: SharedState, port: MessagePort): void {
  const socket = new PacketSocket(setup.inside.namespace, setup.inside.interface, { sendOnly: true });
  const frame = Buffer.alloc(FRAME_LENGTH);
  const complete = setup.protocol === IPPROTO_TCP ? shared.acknowledged : shared.answered;
  let lost = 0;
  function sendOrder(order: SendOrder): void {
    for (let index = order.first; index < order.first + order.count; index++) {
      if (order.onlyIncomplete && isMarked(complete, index)) continue;
      writeFrame(frame, setup.set, index, setup.protocol, setup.ends);
      while (!socket.send(frame)) pause(shared);
      if ((Atomics.add(shared.slots, SLOT.frames, 1) + 1) % BURST === 0) lost = keepWindow(shared, lost);
    }
    port.postMessage("done" satisfies ThreadMessage);
  }
  port.on("message", (order: SendOrder) => orSayWhy(port, () => sendOrder(order)));
  port.postMessage("ready" satisfies ThreadMessage);
}

/** Waits until few enough frames are on their way; gives how many are lost so far. */
function keepWindow({ slots }: SharedState, lostBefore: number): number {
  const sent = Atomics.load(slots, SLOT.frames);
  for (;;) {
    const seen = Atomics.load(slots, SLOT.seen);
    if (sent - seen - lostBefore < WINDOW) return lostBefore;
    if (Atomics.wait(slots, SLOT.seen, seen, LOST_MS) === "timed-out") return sent - seen;
  }
}

function pause({ slots }: SharedState): void {
  Atomics.wait(slots, SLOT.stop, 0, RETRY_MS);
}

function receiveUntilStopped(setup: EngineSetup, shared: SharedState, port: MessagePort): void {
  const socket = new PacketSocket(setup.outside.namespace, setup.outside.interface);
  const subscribers = setup.record ? setup.set.subscribers.length : 0;
  const use = {
    publicAddresses: new Map<number, { connections: number; first: number; last: number }>(),
    mappedAddress: new Uint32Array(subscribers),
    firstPort: new Uint16Array(subscribers),
    lastPort: new Uint16Array(subscribers),
  };
  port.postMessage("ready" satisfies ThreadMessage);
  receive(socket, shared, (frame) => {
    const answer = respond(frame, setup.set, setup.protocol);
    if (answer.kind === "delivered") countDelivered(setup, shared, use, answer);
    if (answer.kind === "acknowledged" && markOnce(shared.acknowledged, answer.index)) {
      Atomics.add(shared.slots, SLOT.acknowledged, 1);
    }
    return "reply" in answer && answer.reply;
  });
  port.postMessage(use satisfies ThreadMessage);
}

function collectUntilStopped(setup: EngineSetup, shared: SharedState, port: MessagePort): void {
  const socket = new PacketSocket(setup.inside.namespace, setup.inside.interface);
  port.postMessage("ready" satisfies ThreadMessage);
  receive(socket, shared, (frame) => {
    const answer = collect(frame, setup.set, setup.protocol);
    if (answer.kind === "stray") Atomics.add(shared.slots, SLOT.strays, 1);
    if (answer.kind === "answered" && markOnce(shared.answered, answer.index)) {
      Atomics.add(shared.slots, SLOT.answered, 1);
    }
    return "reply" in answer && answer.reply;
  });
}

/** Hands each frame on and sends it back, as it is then, if told so; until the engine stops. */
function receive(socket: PacketSocket, shared: SharedState, take: (frame: Buffer) => boolean): void {
  const buffer = Buffer.alloc(RECEIVE_BYTES);
  while (Atomics.load(shared.slots, SLOT.stop) === 0) {
    const length = socket.receive(buffer);
    if (length === undefined) {
      Atomics.notify(shared.slots, SLOT.seen);
      socket.wait(STOP_POLL_MS);
      continue;
    }
    const frame = buffer.subarray(0, length);
    // A reply that finds no room is lost, as on a real wire; the connection is tried again.
    if (take(frame)) socket.send(frame);
  }
  socket.close();
}

function countDelivered(
  setup: EngineSetup,
  { slots, delivered }: SharedState,
  use: ResponderResult & {
    readonly publicAddresses: Map<number, { connections: number; first: number; last: number }>;
  },
  answer: Extract<Answer, { kind: "delivered" }>,
): void {
  const { index, publicAddress, publicPort } = answer;
  const first = markOnce(delivered, index);
  Atomics.add(slots, SLOT.seen, 1);
  if (first) Atomics.add(slots, SLOT.delivered, 1);
  const known = use.publicAddresses.get(publicAddress);
  if (known === undefined) {
    use.publicAddresses.set(publicAddress, { connections: first ? 1 : 0, first: publicPort, last: publicPort });
  } else {
    if (first) known.connections++;
    known.first = Math.min(known.first, publicPort);
    known.last = Math.max(known.last, publicPort);
  }
  if (!setup.record) return;
  const subscriber = index % setup.set.subscribers.length;
  const mapped = use.mappedAddress[subscriber];
  if (mapped === 0) {
    use.mappedAddress[subscriber] = publicAddress;
    use.firstPort[subscriber] = publicPort;
    use.lastPort[subscriber] = publicPort;
  } else if (mapped === publicAddress) {
    use.firstPort[subscriber] = Math.min(use.firstPort[subscriber] ?? 0, publicPort);
    use.lastPort[subscriber] = Math.max(use.lastPort[subscriber] ?? 0, publicPort);
  } else {
    Atomics.add(slots, SLOT.moved, 1);
  }
}

if (parentPort !== null) runThread(threadSetup() as PacketThreadData, parentPort);
