import type { Scene } from "./scene.ts";

/** Nobody answers at these addresses of the internet: neither a service nor "port unreachable". */
export function silence(scene: Scene, destinations: string): void {
  scene.run("outside", "nft", "add table ip silent");
  scene.run("outside", "nft", "add chain ip silent in { type filter hook prerouting priority -300; }");
  scene.run("outside", "nft", `add rule ip silent in ip daddr ${destinations} drop`);
}
