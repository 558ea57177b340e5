import { setTimeout as sleep } from "node:timers/promises";
import { HTTP_PORTS } from "../services/service-ports.ts";
import { DRILL_GATEWAY, repeat, type Scene } from "./scene.ts";

/** A healthy gateway under some load, about which the doctor must say nothing. */
export interface CleanLab {
  readonly id: string;
  readonly title: string;
  readonly gateway: string;
  /** Before the doctor looks. */
  readonly prepare?: (scene: Scene, signal: AbortSignal) => Promise<void>;
  /** While it looks, until the signal. */
  readonly traffic?: (scene: Scene, signal: AbortSignal) => Promise<void>;
}

/** The same gateway, planned for two million connections. */
const LARGE_GATEWAY = DRILL_GATEWAY.replace("connections-per-subscriber: 100", "connections-per-subscriber: 2000");

const HELD = 1_000_000;
const NEW_PER_SECOND = 50_000;
/** Long enough for the slowest look. */
const LONGEST_SECONDS = 20;
const SERVER = "198.51.100.80";
const DOWNLOAD = "/download?bytes=20000000";
const CLIENTS = ["10.64.1.10", "10.64.1.11", "10.64.2.12", "10.64.3.13"];

/** Those the drill always looks at. */
export const CLEAN_LABS: readonly CleanLab[] = [
  { id: "idle", title: "nothing happens", gateway: DRILL_GATEWAY },
  {
    id: "held",
    title: "1,000,000 connections are held, some in use",
    gateway: LARGE_GATEWAY,
    prepare: async (scene, signal) => {
      await scene.fillTable({ connections: HELD, signal });
    },
    traffic: async (scene, signal) => {
      const client = await scene.client("inside");
      await repeat(signal, 20, () => client.udpExchange({ from: CLIENTS[0] ?? "", to: SERVER, port: 7, text: "here" }));
    },
  },
  {
    id: "setup",
    title: "50,000 new connections a second",
    gateway: LARGE_GATEWAY,
    traffic: async (scene, signal) => {
      await scene.fillTable({ connections: NEW_PER_SECOND * LONGEST_SECONDS, rate: NEW_PER_SECOND, signal });
    },
  },
  {
    id: "bulk",
    title: "bulk TCP downloads by several subscribers",
    gateway: DRILL_GATEWAY,
    traffic: async (scene, signal) => {
      const client = await scene.client("inside");
      await Promise.all(
        CLIENTS.map((from) =>
          repeat(signal, 0, () => client.httpGet({ from, to: SERVER, port: HTTP_PORTS[0], path: DOWNLOAD })),
        ),
      );
    },
  },
  {
    id: "office",
    title: "an ordinary mix: pages, DNS, pings, a port forward, a closed port now and then",
    gateway: DRILL_GATEWAY,
    traffic: async (scene, signal) => {
      const [inside, outside] = await Promise.all([scene.client("inside"), scene.client("outside")]);
      const [from = ""] = CLIENTS;
      await Promise.all([
        repeat(signal, 50, () =>
          inside.httpGet({ from, to: SERVER, port: HTTP_PORTS[0], path: "/download?bytes=50000" }),
        ),
        repeat(signal, 20, () => inside.udpExchange({ from, to: "9.9.9.9", port: 7, text: "query" })),
        repeat(signal, 500, () => inside.ping({ from, to: SERVER, count: 1 })),
        repeat(signal, 100, () =>
          outside.httpGet({ from: "198.51.100.7", to: "203.0.113.2", port: 8080, path: "/download?bytes=1000" }),
        ),
        repeat(signal, 1000, () =>
          outside.tcpExchange({ from: "198.51.100.66", to: "203.0.113.2", port: 23, text: "knock", timeoutMs: 500 }),
        ),
        sleep(0),
      ]);
    },
  },
];
