import type { FailureMode } from "../failure-mode.ts";
import type { Fix } from "../finding.ts";
import { formatCount, formatPercent } from "../figures.ts";
import { settingOf, type Signals } from "../signals.ts";

const SETTING = "net.ipv4.ip_local_port_range";
const USUAL = "32768 60999";
/** What source NAT takes for ports above 1023 unless a rule says otherwise (net/netfilter/nf_nat_core.c). */
const OF_NAT = "1024-65535";
/** From here on somebody may have looked for a way to get more ports. */
const SCARCE = 0.8;

/** A setting that people change for NAT, and that NAT does not read. */
export const mode: FailureMode = {
  id: "wrong-port-range",
  title: "ip_local_port_range is set, and has nothing to do with NAT",
  severity: "note",
  why: "ip_local_port_range chooses ports for programs on this machine; source NAT never reads it, so whoever widened it to get more translations has got none.",
  needs: ["table"],
  examine: (signals) => {
    const range = signals.settings[SETTING]?.trim().replaceAll(/\s+/g, " ");
    const { table } = signals;
    if (range === undefined || range === USUAL || table === undefined) return [];
    const isGateway = settingOf(signals, "net.ipv4.ip_forward") === 1 && table.translated.source > 0;
    if (!isGateway) return [];
    const [fullest] = table.portUse;
    const isScarce = fullest !== undefined && fullest.occupancy >= SCARCE;
    return [
      {
        ...(isScarce ? { severity: "risk" as const } : {}),
        summary: `${SETTING} is ${range.replace(" ", "-")} in place of ${USUAL.replace(" ", "-")}; the ${formatCount(table.translated.source)} translated connections do not care`,
        evidence: [
          { what: SETTING, value: range.replace(" ", "-"), meaning: "for sockets of this machine" },
          { what: "ports source NAT takes unless its rule says otherwise", value: OF_NAT },
          { what: "connections whose source is translated", value: formatCount(table.translated.source) },
          ...(fullest === undefined
            ? []
            : [
                {
                  what: `ports of ${fullest.address} in use towards ${fullest.destination}:${fullest.destinationPort}`,
                  value: `${formatCount(fullest.used)} of ${fullest.ports.first}-${fullest.ports.last}`,
                  meaning: `${formatPercent(fullest.occupancy)}, the fullest destination`,
                },
              ]),
        ],
        fixes: [putBack(signals, range)],
      },
    ];
  },
};

function putBack({ gateway, table }: Signals, range: string): Fix {
  const [first = "", last = ""] = range.split(" ");
  const where = gateway === undefined ? "on the rule that translates" : "in the gateway file";
  return {
    text: `Say which ports NAT may use ${where}, and put the setting back`,
    commands: [
      `sysctl -w ${SETTING}="${USUAL}"`,
      `# in the rule: snat to ADDRESS:${OF_NAT}   (iptables: --to-source ADDRESS:${OF_NAT})`,
    ],
    file: `pools: { public: { addresses: ${table?.publicAddresses[0]?.address ?? "203.0.113.10"}, ports: ${OF_NAT} } }`,
    effect: `programs of this machine keep out of ${first}-${last}; translation stays as it is`,
    risk: "a proxy or load generator on this machine may have needed the wider range",
    safe: [{ kind: "sysctl", name: SETTING, value: USUAL }],
  };
}
