import { askForMany, CROWDING_MS, lieOnLink, tooRoomy, type Crowd } from "../crowded-link.ts";
import type { Fault } from "../fault.ts";

const CROWD: Crowd = {
  from: "inside",
  link: { name: "wan", side: "outside" },
  network: [198, 18],
  source: (index) => `10.64.1.${1 + (index % 200)}`,
  port: 53,
};

/** A scan of a network on the link: more neighbours at once than the host may know. */
export const fault: Fault = {
  id: "neighbour-overflow",
  title: "more hosts on the link are asked for than the neighbour table holds",
  plant: (scene) => lieOnLink(scene, CROWD),
  traffic: (scene, signal) => askForMany(scene, CROWD, signal),
  settle: CROWDING_MS,
  impossible: tooRoomy,
};
