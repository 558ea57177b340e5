import type { Section } from "../report/section.ts";
import type { ScaleResult } from "./scale-benchmark.ts";

const GIB = 2 ** 30;
const THOUSAND = 1000;

/** Many translations held, as people read it. */
export function scaleSection(result: ScaleResult): Section {
  const { held, heldAfter, seconds, cpuSeconds, curve, buckets, memoryBytes, hashBytes, sample, tearDownPerSecond } =
    result;
  const count = (value: number): string => Math.round(value).toLocaleString("en");
  const allWell = sample.delivered === sample.connections && sample.answered === sample.connections;
  return {
    id: "scale",
    title: "Translations held at once",
    method:
      "UDP connections of 10,000 subscribers to random addresses and ports through a pool of 28 addresses, until the kernel counts so many; then a packet again on each connection of a random sample, in both directions, and the kernel's count again.",
    tables: [
      {
        title: "What was held",
        head: ["", "figure"],
        rows: [
          ["translations held, by the kernel's count", count(held)],
          ["the same after the sample", count(heldAfter)],
          ["memory, hash included", `${(memoryBytes / GIB).toFixed(2)} GiB`],
          ["bytes for each", (memoryBytes / held).toFixed(0)],
          ["buckets", `${count(buckets)} (${(hashBytes / GIB).toFixed(2)} GiB)`],
          ["seconds to fill", `${seconds.toFixed(0)} (${cpuSeconds.toFixed(0)} of CPU time)`],
          ["new connections a second", count(held / seconds)],
          ["sampled", count(sample.connections)],
          ["translated again", count(sample.delivered)],
          ["answered again", count(sample.answered)],
          ["removed a second", count(tearDownPerSecond)],
        ],
      },
    ],
    charts: [
      {
        kind: "curves",
        title: "New connections while filling",
        x: { label: "connections held", logarithmic: false },
        y: { label: "thousand a second" },
        series: [
          { name: "by the clock", points: curve.map(({ held: x, perSecond }) => ({ x, y: perSecond / THOUSAND })) },
          {
            name: "of CPU time",
            points: curve.map(({ held: x, perCpuSecond }) => ({ x, y: perCpuSecond / THOUSAND })),
          },
        ],
      },
    ],
    findings: [
      allWell
        ? `All of the ${count(sample.connections)} sampled connections were forwarded in both directions.`
        : `Of ${count(sample.connections)} sampled connections ${count(sample.delivered)} were forwarded and ${count(sample.answered)} answered.`,
      ...(heldAfter === held
        ? []
        : [`The count went from ${count(held)} to ${count(heldAfter)}: some packets made new entries.`]),
    ],
    limits: [
      "Memory is by how much the host's available memory fell, so what other programs did meanwhile is in it.",
      "Generator, gateway and the far side share one CPU.",
    ],
  };
}
