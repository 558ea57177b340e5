import type { Fault } from "../fault.ts";
import { holdLow } from "../low-limit.ts";
import { sendPackets } from "../packets.ts";

const LIMIT = "net.netfilter.nf_conntrack_expect_max";
/** Nobody else on the machine expects so many. */
const ROOM = 64;
const PROVIDER = "198.51.100.9";

/** Phones that sign on: for each its helper expects calls from the provider, for as long as the registration lasts. */
export const fault: Fault = {
  id: "expectation-table",
  title: "more phones sign on than the table of expected connections holds",
  plant: async (scene) => {
    await holdLow(scene, LIMIT, ROOM);
    scene.nft(`table ip helpers {
      ct helper sip { type "sip" protocol udp; }
      chain prerouting { type filter hook prerouting priority 0; udp dport 5060 ct helper set "sip"; }
    }`);
  },
  traffic: async (scene, signal) => {
    await sendPackets(
      scene,
      { side: "inside" },
      (index) => {
        const source = `10.64.1.${1 + (index % 200)}`;
        const sourcePort = 20_000 + (index % 20_000);
        return {
          source,
          destination: PROVIDER,
          content: {
            protocol: "udp",
            sourcePort,
            destinationPort: 5060,
            data: registration(source, sourcePort, index),
          },
        };
      },
      { perSecond: 100, signal },
    );
  },
  settle: 1000,
};

function registration(address: string, port: number, number: number): Buffer {
  const lines = [
    `REGISTER sip:${PROVIDER} SIP/2.0`,
    `Via: SIP/2.0/UDP ${address}:${port};branch=z9hG4bK${number}`,
    "Max-Forwards: 70",
    `From: <sip:phone${number}@${PROVIDER}>;tag=${number}`,
    `To: <sip:phone${number}@${PROVIDER}>`,
    `Call-ID: ${number}@${address}`,
    "CSeq: 1 REGISTER",
    `Contact: <sip:phone${number}@${address}:${port}>`,
    "Expires: 3600",
    "Content-Length: 0",
  ];
  return Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1");
}
