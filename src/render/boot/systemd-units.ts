import { INSTALLED_GATEWAY, INSTALLED_RULESET, type BootSystem } from "./boot-file.ts";

/** Seconds that apply waits at boot for interfaces whose driver is slow. */
const WAIT_SECONDS = 20;

/** The unit that loads the rules before any interface is configured. `gateway` is the gateway's name. */
export function writeRulesUnit(gateway: string, system: BootSystem): string {
  const load = `${word(system.nft)} -f ${word(INSTALLED_RULESET)}`;
  return [
    "[Unit]",
    `Description=NAT rules of gateway ${text(gateway)} (MegaNAT)`,
    `Documentation=file:${path(INSTALLED_GATEWAY)}`,
    "# Before any interface is configured: whoever turns forwarding on early, no packet leaves untranslated.",
    "DefaultDependencies=no",
    "Wants=network-pre.target",
    "Before=network-pre.target shutdown.target",
    "Conflicts=shutdown.target",
    "After=local-fs.target systemd-modules-load.service systemd-sysctl.service",
    "# These replace or flush all rules when they start, so ours come after theirs, and again when they are reloaded.",
    "After=nftables.service netfilter-persistent.service iptables.service",
    "PartOf=nftables.service",
    "ReloadPropagatedFrom=nftables.service",
    `ConditionPathExists=${path(INSTALLED_RULESET)}`,
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${load}`,
    `ExecReload=${load}`,
    "",
    "[Install]",
    "WantedBy=sysinit.target",
    "",
  ].join("\n");
}

/** The unit that applies the gateway file: links, addresses, routes, rules, settings, and forwarding last. */
export function writeGatewayUnit(gateway: string, system: BootSystem): string {
  const meganat = `${word(system.node)} ${word(system.command)}`;
  const apply = `${meganat} apply ${word(INSTALLED_GATEWAY)} --wait ${WAIT_SECONDS}`;
  return [
    "[Unit]",
    `Description=NAT gateway ${text(gateway)} (MegaNAT)`,
    `Documentation=file:${path(INSTALLED_GATEWAY)}`,
    "Wants=meganat-rules.service",
    "# Right after whoever configures interfaces here, and before the network counts as up.",
    "After=meganat-rules.service systemd-networkd.service networking.service NetworkManager.service network.service",
    "Before=network-online.target",
    `ConditionPathExists=${path(INSTALLED_GATEWAY)}`,
    "",
    "[Service]",
    "Type=oneshot",
    "RemainAfterExit=yes",
    `ExecStart=${apply}`,
    `ExecReload=${apply}`,
    "# A card that is plugged in later is found at one of the next tries.",
    "Restart=on-failure",
    "RestartSec=30",
    `ExecStop=${meganat} remove`,
    "",
    "[Install]",
    "WantedBy=multi-user.target",
    "",
  ].join("\n");
}

/** One word of a command line of systemd (systemd.service(5), COMMAND LINES). */
export function word(value: string): string {
  const escaped = value.replaceAll("%", "%%").replaceAll("$", "$$$$");
  return /^[\w./%$@:+=,-]+$/.test(value) ? escaped : `"${escaped.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** A path in which systemd would expand specifiers. */
export function path(value: string): string {
  return value.replaceAll("%", "%%");
}

/** Text in which systemd would expand specifiers. */
export function text(value: string): string {
  return value.replaceAll("%", "%%");
}
