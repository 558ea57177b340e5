import type { Plan } from "../../plan/plan.ts";
import { replaceRuleset } from "../nft-text.ts";
import { renderRuleset } from "../ruleset.ts";
import { writeSysctlConf } from "../sysctl.ts";
import { INSTALLED_GATEWAY, INSTALLED_RULESET, type BootFile, type BootSystem } from "./boot-file.ts";
import { writeModprobeConf } from "./modprobe.ts";
import { writeOpenrcScript, writeOpenrcUplinksScript } from "./openrc-script.ts";
import { settingsAtBoot } from "./sysctl-conf.ts";
import { writeUplinksUnit } from "./uplinks-unit.ts";
import { writeGatewayUnit, writeRulesUnit } from "./systemd-units.ts";

const UNITS = "/etc/systemd/system";

/**
 * Every file that makes the gateway permanent, in the order of writing: those that start something come last, so that
 * nothing starts before all it needs is there. `gatewayText` is the gateway file as it was read, `stock` the plan for
 * a machine that has just started (`stockFacts`).
 */
export function bootFiles(stock: Plan, gatewayText: string, system: BootSystem): BootFile[] {
  return [...content(stock, gatewayText), ...(system.init === "systemd" ? systemd : openrc)(stock, system)];
}

function content(stock: Plan, gatewayText: string): BootFile[] {
  const modprobe = writeModprobeConf(stock);
  const settings = settingsAtBoot(stock);
  return [
    {
      path: INSTALLED_GATEWAY,
      content: { text: gatewayText },
      reason: "the gateway file that is applied at boot; after editing it, install it again",
    },
    {
      path: INSTALLED_RULESET,
      content: { text: replaceRuleset(renderRuleset(stock)) },
      reason: "the rules, loaded by nft alone before any interface is configured",
    },
    ...(modprobe === undefined
      ? []
      : [
          {
            path: "/etc/modprobe.d/meganat.conf",
            content: { text: modprobe },
            reason: "the hash size is given when the module is loaded, so that the NAT's table by source gets it too",
          },
        ]),
    {
      path: "/etc/modules-load.d/meganat.conf",
      content: { text: writeModulesLoad(stock.gateway.name) },
      reason: "connection tracking is loaded early, because its settings exist only from then on",
    },
    ...(settings.length === 0
      ? []
      : [
          {
            path: "/etc/sysctl.d/90-meganat.conf",
            content: { text: writeSysctlConf(stock.gateway.name, settings) },
            reason:
              "kernel settings from the start on; forwarding is not among them, apply turns it on after the rules",
          },
        ]),
  ];
}

function writeModulesLoad(gateway: string): string {
  return `# Kernel modules of the gateway ${gateway}.\nnf_conntrack\n`;
}

function systemd({ gateway }: Plan, system: BootSystem): BootFile[] {
  const hasUplinks = gateway.uplinks !== undefined;
  const uplinks = {
    path: `${UNITS}/meganat-uplinks.service`,
    content: { text: writeUplinksUnit(gateway.name, system) },
    reason: "watches the uplinks, and lets them stand in for each other",
  };
  const uplinksWanted = {
    path: `${UNITS}/multi-user.target.wants/meganat-uplinks.service`,
    content: { linkTo: "../meganat-uplinks.service" },
    reason: "enables it, as `systemctl enable` does",
  };
  return [
    {
      path: `${UNITS}/meganat-rules.service`,
      content: { text: writeRulesUnit(gateway.name, system) },
      reason: "loads the rules before network-pre.target",
    },
    {
      path: `${UNITS}/meganat.service`,
      content: { text: writeGatewayUnit(gateway.name, system) },
      reason: "applies the gateway file before network-online.target",
    },
    ...(hasUplinks ? [uplinks] : []),
    {
      path: `${UNITS}/sysinit.target.wants/meganat-rules.service`,
      content: { linkTo: "../meganat-rules.service" },
      reason: "enables it, as `systemctl enable` does",
    },
    {
      path: `${UNITS}/multi-user.target.wants/meganat.service`,
      content: { linkTo: "../meganat.service" },
      reason: "enables it, as `systemctl enable` does",
    },
    ...(hasUplinks ? [uplinksWanted] : []),
  ];
}

function openrc({ gateway }: Plan, system: BootSystem): BootFile[] {
  const hasUplinks = gateway.uplinks !== undefined;
  const uplinks: BootFile = {
    path: "/etc/init.d/meganat-uplinks",
    content: { text: writeOpenrcUplinksScript(gateway.name, system), executable: true },
    reason: "watches the uplinks, and lets them stand in for each other",
  };
  const uplinksAdded: BootFile = {
    path: "/etc/runlevels/default/meganat-uplinks",
    content: { linkTo: "/etc/init.d/meganat-uplinks" },
    reason: "starts it at boot, as `rc-update add` does",
  };
  return [
    {
      path: "/etc/init.d/meganat",
      content: { text: writeOpenrcScript(gateway.name, system), executable: true },
      reason: "loads the rules and applies the gateway file",
    },
    ...(hasUplinks ? [uplinks] : []),
    {
      path: "/etc/runlevels/default/meganat",
      content: { linkTo: "/etc/init.d/meganat" },
      reason: "starts it at boot, as `rc-update add` does",
    },
    ...(hasUplinks ? [uplinksAdded] : []),
  ];
}
