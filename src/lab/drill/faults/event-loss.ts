import { ConntrackEventSocket } from "../../../kernel/conntrack/event-socket.ts";
import type { Fault } from "../fault.ts";

/** A program that asks for every event of connection tracking, with little room for them, and does not read. */
export const fault: Fault = {
  id: "event-loss",
  title: "a program listens to connections and does not read what it is told",
  plant: (scene) => {
    const socket = new ConntrackEventSocket(scene.gateway, {
      kinds: ["new", "update", "destroy"],
      filter: {},
      bufferBytes: 16_384,
    });
    scene.undo(() => socket.close());
  },
  traffic: async (scene, signal) => {
    await scene.fillTable({ connections: 50_000, rate: 2000, signal });
  },
};
