import { INSTALLED_GATEWAY, type BootSystem } from "./boot-file.ts";
import { path, text, word } from "./systemd-units.ts";

/** The unit that watches the uplinks. What it did before it was killed the kernel remembers; it goes on from there. */
export function writeUplinksUnit(gateway: string, system: BootSystem): string {
  return [
    "[Unit]",
    `Description=Uplinks of NAT gateway ${text(gateway)} (MegaNAT)`,
    `Documentation=file:${path(INSTALLED_GATEWAY)}`,
    "# It starts when the gateway file is applied, and again with it.",
    "After=meganat.service",
    "PartOf=meganat.service",
    "StartLimitIntervalSec=0",
    `ConditionPathExists=${path(INSTALLED_GATEWAY)}`,
    "",
    "[Service]",
    `ExecStart=${word(system.node)} ${word(system.command)} uplinks watch ${word(INSTALLED_GATEWAY)}`,
    "# Also while the gateway is not applied yet, or a card is missing.",
    "Restart=always",
    "RestartSec=2",
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}
