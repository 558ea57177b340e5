import { askForMany, CROWDING_MS, lieOnLink, tooRoomy, type Crowd } from "../crowded-link.ts";
import type { Fault } from "../fault.ts";

const CROWD: Crowd = {
  from: "outside",
  link: { name: "lan", side: "inside" },
  network: [100, 64],
  source: () => "198.51.100.66",
  port: 161,
};

/** Strangers scan a large public network that lies on the inside link: one neighbour for each address they try. */
export const fault: Fault = {
  id: "neighbour-overflow",
  title: "a scan from outside of a large network on the inside link",
  plant: (scene) => lieOnLink(scene, CROWD),
  traffic: (scene, signal) => askForMany(scene, CROWD, signal),
  settle: CROWDING_MS,
  impossible: tooRoomy,
};
