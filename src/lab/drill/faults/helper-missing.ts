import { PacketSocket } from "../../../kernel/packet-socket.ts";
import type { Fault } from "../fault.ts";
import { sendPackets, type PacketFields } from "../packets.ts";
import { formatIpv4 } from "../../../address/ipv4.ts";
import { repeat, type Scene } from "../scene.ts";

const TFTP = 69;
const SERVER = "198.51.100.9";
/** The port that the server answers from, as TFTP has it: another one for each transfer. */
const ANSWER_PORT = 40_000;

/** TFTP transfers through NAT: each is answered, from another port, and nobody expects that. */
export const fault: Fault = {
  id: "helper-missing",
  title: "TFTP through NAT without its helper",
  plant: () => undefined,
  traffic: async (scene, signal) => {
    await Promise.all([ask(scene, signal), answer(scene, signal)]);
  },
  expect: ({ findings }) =>
    findings.some(
      ({ id, subject, severity }) => id === "helper-missing" && subject === "TFTP" && severity === "degraded",
    )
      ? undefined
      : "the dropped answers of TFTP servers are not seen",
};

async function ask(scene: Scene, signal: AbortSignal): Promise<void> {
  const request = Buffer.from("\0\x01config.bin\0octet\0", "latin1");
  await sendPackets(
    scene,
    { side: "inside" },
    (index) => ({
      source: `10.64.1.${1 + (index % 200)}`,
      destination: SERVER,
      content: { protocol: "udp", sourcePort: 20_000 + (index % 20_000), destinationPort: TFTP, data: request },
    }),
    { perSecond: 20, signal },
  );
}

/** Takes the requests off the wire and sends the first block of data for each. */
async function answer(scene: Scene, signal: AbortSignal): Promise<void> {
  const socket = new PacketSocket(scene.outside, "wan");
  const frame = Buffer.alloc(2048);
  try {
    await repeat(signal, 20, async () => {
      const answers: PacketFields[] = [];
      for (let length = socket.receive(frame); length !== undefined; length = socket.receive(frame)) {
        if (length < 42 || frame.readUInt8(23) !== 17 || frame.readUInt16BE(36) !== TFTP) continue;
        const destination = formatIpv4(frame.readUInt32BE(26));
        const destinationPort = frame.readUInt16BE(34);
        const data = Buffer.from("\0\x03\0\x01data", "latin1");
        answers.push({
          source: SERVER,
          destination,
          content: { protocol: "udp", sourcePort: ANSWER_PORT, destinationPort, data },
        });
      }
      if (answers.length === 0) return;
      await sendPackets(scene, { side: "outside" }, () => answers, { perSecond: 1000, count: 1, signal });
    });
  } finally {
    socket.close();
  }
}
