import { groupHeaders, listText, perSecond, topOf } from "../dropped.ts";
import type { FailureMode } from "../failure-mode.ts";
import { formatCount, formatRate } from "../figures.ts";
import type { Evidence, Fix } from "../finding.ts";
import { bridgeOf } from "../packet-place.ts";
import { droppingRules, headersOfRules, RULE_CAUSES, type DroppingRule } from "../rule-drops.ts";
import { droppedFor, settingOf, type DroppedHeader, type Signals } from "../signals.ts";

const SETTING = "net.bridge.bridge-nf-call-iptables";
const TOO_MANY_PER_SECOND = 5;
/** They switch it on themselves, and need it for services and published ports. */
const NEEDING = ["Docker", "kube-proxy", "Calico", "Cilium", "flannel", "a CNI plugin", "Podman"];

/** Packets between two ports of a bridge are sent through IP's firewall rules, and die there. */
export const mode: FailureMode = {
  id: "bridge-nf-call",
  title: "Bridged packets go through the firewall rules for routed ones",
  severity: "loss",
  why: "With br_netfilter, packets that a bridge only passes from one port to another go through connection tracking, NAT and the forward chain as well; rules written for routed traffic drop or translate them.",
  needs: ["drops"],
  consequences: ["rule-drop"],
  examine: (signals) => {
    if (settingOf(signals, SETTING) !== 1) return [];
    const all = headersOfRules(signals);
    const bridged = all.filter((header) => bridgeOf(signals.network, header.interface) !== undefined);
    const dropped = all.length === 0 ? 0 : Math.round((rows(signals) * bridged.length) / all.length);
    if (perSecond(signals, dropped) < TOO_MANY_PER_SECOND) return [];
    const rules = droppingRules(signals).filter(({ headers }) => headers.some((header) => bridged.includes(header)));
    // A table of the bridge family is meant for bridged packets; it needs no br_netfilter.
    if (signals.rules !== undefined && rules.length === 0) return [];
    const bridges = groupHeaders(bridged, (header) => bridgeOf(signals.network, header.interface)?.name);
    const top = topOf("What is dropped", bridged);
    const evidence: Evidence[] = [
      { what: SETTING, value: "1", meaning: "bridged IPv4 packets go through IP's rules" },
      {
        what: `packets dropped between ports of ${listText(bridges.map(({ key }) => key))}`,
        value: formatCount(dropped),
        meaning: formatRate(perSecond(signals, dropped)),
      },
      ...rules.map(({ place, text, owner }) => ({
        what: `${place}${owner === undefined ? "" : ` (written by ${owner.name})`}`,
        value: text,
      })),
    ];
    return [
      {
        summary: `${formatCount(dropped)} packets between ports of ${listText(bridges.map(({ key }) => key))} dropped in ${signals.seconds.toFixed(1)} s${rules[0] === undefined ? "" : ` by ${rules[0].place}`}`,
        evidence,
        ...(top === undefined ? {} : { top }),
        lostPackets: dropped,
        explains: explained(signals, bridged, dropped),
        fixes: fixes(signals, rules),
      },
    ];
  },
};

function rows(signals: Signals): number {
  return droppedFor(signals, ...RULE_CAUSES);
}

function explained(
  signals: Signals,
  bridged: readonly DroppedHeader[],
  dropped: number,
): { cause: string; packets: number }[] {
  const byNft = bridged.filter(({ cause }) => cause === "rule").length / bridged.length;
  return [
    { cause: "rule", packets: Math.round(dropped * byNft) },
    { cause: "hook", packets: Math.round(dropped * (1 - byNft)) },
  ].filter(({ packets }) => packets > 0 && rows(signals) > 0);
}

function fixes(signals: Signals, rules: readonly DroppingRule[]): Fix[] {
  const off: Fix = {
    text: "Let bridged packets pass the bridge without IP's rules, and write it into a file of /etc/sysctl.d",
    commands: [`sysctl -w ${SETTING}=0`],
    effect: "what a bridge passes from port to port is neither filtered, translated nor tracked",
    risk: "Docker and Kubernetes need it for published ports and Services between hosts of one bridge, and set it to 1 when they start; rules meant to separate such hosts stop working",
    safe: [{ kind: "sysctl", name: SETTING, value: "0" }],
  };
  const isOlder = rules[0]?.chain.program.startsWith("iptables") === true;
  const pass: Fix = {
    text: "Or let bridged packets pass by a rule before the one that drops them",
    commands: isOlder
      ? [`${rules[0]?.chain.program} -I FORWARD -m physdev --physdev-is-bridged -j ACCEPT`]
      : ["nft insert rule FAMILY TABLE CHAIN iifname BRIDGE oifname BRIDGE accept"],
    effect: "bridged packets pass; they are still tracked",
    risk: "none, if nobody relies on the rule to separate hosts of one bridge",
  };
  const isNeeded = droppingOwners(signals, rules).some((name) => NEEDING.includes(name));
  return isNeeded ? [pass, off] : [off, pass];
}

/** Programs whose rules stand beside those that drop. */
function droppingOwners(signals: Signals, rules: readonly DroppingRule[]): string[] {
  const dropping = rules.flatMap(({ owner }) => owner?.name ?? []);
  const hasDocker = signals.network.links.some(({ name }) => name === "docker0" || name === "cni0");
  return hasDocker ? [...dropping, "Docker"] : dropping;
}
