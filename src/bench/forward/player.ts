import { netmask, network, type Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import { LiveFrames, type SliceResult } from "../../kernel/bpf/live-frames.ts";
import { BpfObject, objectPath } from "../../kernel/bpf/object.ts";
import type { TimedFrames } from "../../kernel/bpf/timed-frames.ts";
import { attachXdp, type XdpAttachment } from "../../kernel/bpf/xdp.ts";
import { findLinkEnds, requireLink } from "../../lab/generator/link-ends.ts";
import type { LabTopology } from "../../lab/topology.ts";
import { DESTINATIONS, SUBSCRIBERS } from "./bench-gateway.ts";
import type { Score } from "./score.ts";

/** Where the benchmark's packets go in and come out; the links have the same name at both ends. */
export const INSIDE_LINK = "lan";
export const OUTSIDE_LINK = "wan";

/** Packets counted since the player was opened. */
export interface PlayerCounts {
  readonly sent: number;
  /** Arrived beyond the gateway, from an address that is no subscriber's. */
  readonly translated: number;
  /** Arrived with the subscriber's own address. */
  readonly untranslated: number;
}

/** Bytes of struct config and struct place in bpf/bench.bpf.c. */
const CONFIG_BYTES = 48;
const FRAME_START = 24;
const SENT_AT = 8;

/** Sends a score through a gateway from one CPU, and counts what arrives beyond it: the programs of bpf/bench.bpf.c. */
export class Player {
  readonly #topology: LabTopology;
  readonly #object: BpfObject;
  readonly #counting: XdpAttachment;
  readonly #frames: LiveFrames;

  private constructor(topology: LabTopology, object: BpfObject, counting: XdpAttachment, frames: LiveFrames) {
    this.#topology = topology;
    this.#object = object;
    this.#counting = counting;
    this.#frames = frames;
  }

  /** Loads and attaches the programs; throws KernelError if this machine cannot, and leaves nothing behind then. */
  static async open(topology: LabTopology, score: Score, cpu: number): Promise<Player> {
    const { inside, gateway, outside } = topology.namespaces;
    const gatewayEnd = requireLink(gateway, INSIDE_LINK);
    const ends = await findLinkEnds(
      { namespace: inside, interface: INSIDE_LINK, gatewayMac: gatewayEnd.mac },
      DESTINATIONS.address,
    );
    const frame = Uint8Array.from(score.frame);
    frame.set(ends.gateway, 0);
    frame.set(ends.own, 6);
    const object = BpfObject.load(objectPath("bench"), { score: score.length });
    let counting: XdpAttachment | undefined;
    try {
      const config = { frame, playTo: ends.index, crossTo: requireLink(gateway, OUTSIDE_LINK).index };
      object.map("config").updateAt(0, encodeConfig({ ...config, length: score.length, subscribers: SUBSCRIBERS }));
      object.map("score").updateAll(score.headers);
      counting = attachXdp(outside, OUTSIDE_LINK, object.program("count"));
      const frames = await LiveFrames.start(inside, object.program("play"), frame, cpu);
      return new Player(topology, object, counting, frames);
    } catch (error) {
      counting?.close();
      object.close();
      throw error;
    }
  }

  /** Plays on from where it was, for a time. */
  async play(timed: TimedFrames): Promise<SliceResult> {
    return await this.#frames.runFor(timed);
  }

  counts(): PlayerCounts {
    const place = this.#object.map("places").lookupAt(0);
    const arrivals = this.#object.map("arrivals").lookupAt(0);
    if (place === undefined || arrivals === undefined) throw new TypeError("an array map has its first element");
    let translated = 0;
    let untranslated = 0;
    for (const [i, count] of words64(arrivals).entries()) {
      if (i % 2 === 0) untranslated += Number(count);
      else translated += Number(count);
    }
    return { sent: Number(words64(place)[SENT_AT / 8] ?? 0n), translated, untranslated };
  }

  /** Has the gateway send all that comes in from inside on to the outside, looking at nothing, until closed. */
  crossGateway(): XdpAttachment {
    return attachXdp(this.#topology.namespaces.gateway, INSIDE_LINK, this.#object.program("cross"));
  }

  /** Counts and drops what comes in from inside at the gateway's door, until closed. */
  stopAtGateway(): XdpAttachment {
    return attachXdp(this.#topology.namespaces.gateway, INSIDE_LINK, this.#object.program("count"));
  }

  /** Leaves the interfaces as they were. */
  async close(): Promise<void> {
    await this.#frames.close();
    this.#counting.close();
    this.#object.close();
  }
}

interface Config {
  readonly frame: Uint8Array;
  readonly playTo: number;
  readonly crossTo: number;
  readonly length: number;
  readonly subscribers: Ipv4Prefix;
}

/** struct config of bpf/bench.bpf.c. */
function encodeConfig({ frame, playTo, crossTo, length, subscribers }: Config): Uint8Array {
  const bytes = Buffer.alloc(CONFIG_BYTES);
  bytes.set(frame.subarray(0, FRAME_START));
  new Uint32Array(bytes.buffer, bytes.byteOffset + FRAME_START, 3).set([playTo, crossTo, length]);
  bytes.writeUInt32BE(network(subscribers), FRAME_START + 12);
  bytes.writeUInt32BE(netmask(subscribers.length), FRAME_START + 16);
  return bytes;
}

function words64(bytes: Buffer): BigUint64Array {
  return new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
}
