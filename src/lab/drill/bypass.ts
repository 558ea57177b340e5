import { addVeth, setLinkUp } from "../../kernel/route/link.ts";
import type { Scene } from "./scene.ts";

const NAME = "bypass";
/** The benchmarking range: everybody out there. */
const OUTSIDE = "198.18.0.0/15";
const INSIDE = "10.64.0.0/16";

/**
 * A second link between inside and outside, past the gateway, for one direction: `answers` go over it, or `questions`
 * do. The gateway forwards what is left, untranslated, and follows connections, as a firewall would.
 */
export function bypass(scene: Scene, passing: "answers" | "questions"): void {
  addVeth(scene.inside, NAME, scene.outside, NAME);
  for (const side of ["inside", "outside"] as const) {
    setLinkUp(scene[side], NAME, true);
    for (const one of ["all", NAME, side === "inside" ? "lan" : "wan"]) {
      scene.sysctl(side, `net.ipv4.conf.${one}.rp_filter`, 0);
    }
  }
  // The outside takes every address for its own, and the inside every subscriber's: the exceptions stand in table local.
  const back = passing === "answers" ? ["dev", NAME] : ["via", "203.0.113.2", "dev", "wan"];
  scene.run("outside", "ip", "route", "add", INSIDE, ...back, "table", "local");
  if (passing === "questions") scene.run("inside", "ip", "route", "add", OUTSIDE, "dev", NAME);
  scene.nft("table inet firewall { chain fw { type filter hook forward priority 0; ct state established accept; }\n}");
}
