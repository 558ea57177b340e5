import { INSTALLED_GATEWAY, INSTALLED_RULESET, type BootSystem } from "./boot-file.ts";

/** The service script for OpenRC: rules before the network in `depend`'s order, then the gateway file. */
export function writeOpenrcScript(gateway: string, system: BootSystem): string {
  const meganat = `${quoted(system.node)} ${quoted(system.command)}`;
  return [
    "#!/sbin/openrc-run",
    "# Written by `meganat install`; `meganat uninstall` takes it away.",
    "",
    `description=${quoted(`NAT gateway ${gateway} (MegaNAT)`)}`,
    'extra_started_commands="reload"',
    "",
    "depend() {",
    "  need localmount",
    "  # Those that flush rules or configure interfaces come first; forwarding is turned on here, last of all.",
    "  after modules sysctl bootmisc nftables iptables net",
    "}",
    "",
    "apply() {",
    `  ${meganat} apply ${quoted(INSTALLED_GATEWAY)} --wait 20`,
    "}",
    "",
    "start() {",
    `  ebegin ${quoted(`Starting NAT gateway ${gateway}`)}`,
    `  ${quoted(system.nft)} -f ${quoted(INSTALLED_RULESET)} && apply`,
    "  eend $?",
    "}",
    "",
    "reload() {",
    `  ebegin ${quoted(`Applying the file of NAT gateway ${gateway}`)}`,
    "  apply",
    "  eend $?",
    "}",
    "",
    "stop() {",
    `  ebegin ${quoted(`Removing NAT gateway ${gateway}`)}`,
    `  ${meganat} remove`,
    "  eend $?",
    "}",
    "",
  ].join("\n");
}

/** The service script that watches the uplinks; the supervisor starts it again when it ends. */
export function writeOpenrcUplinksScript(gateway: string, system: BootSystem): string {
  const words = [system.command, "uplinks", "watch", INSTALLED_GATEWAY].map(quoted).join(" ");
  return [
    "#!/sbin/openrc-run",
    "# Written by `meganat install`; `meganat uninstall` takes it away.",
    "",
    `description=${quoted(`Uplinks of NAT gateway ${gateway} (MegaNAT)`)}`,
    "supervisor=supervise-daemon",
    "# Both are read by the shell once more.",
    `command=${quoted(quoted(system.node))}`,
    `command_args=${quoted(words)}`,
    "respawn_delay=2",
    "respawn_max=0",
    "",
    "depend() {",
    "  # After the gateway, and also when a card of it is missing: then the uplinks that are there must do.",
    "  use meganat",
    "}",
    "",
  ].join("\n");
}

/** One word of the shell. */
function quoted(value: string): string {
  return /^[\w./@:+=,-]+$/.test(value) ? value : `'${value.replaceAll("'", String.raw`'\''`)}'`;
}
