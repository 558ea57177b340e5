import { GATEWAY_WORDS } from "./bench-gateway.ts";
import { ARM_WORDS, type ForwardArm } from "./arms.ts";
import { conditionWords } from "./conditions.ts";
import type { ForwardMeasurement, ForwardResult } from "./forward-benchmark.ts";
import type { LossFreeRates } from "./loss-free-rates.ts";
import { armsOf, figuresOf, rateOf, RATIOS, ratiosOf } from "./result.ts";
import { verdictSentence } from "../method/verdict.ts";
import {
  barOf,
  estimateCell,
  ratioCell,
  type Chart,
  type ReportTable,
  type Section,
  type Series,
} from "../report/section.ts";

const MEGA = 1e6;

/** Forwarding as a section of the report. */
export function forwardSection(result: ForwardResult, seed: number): Section {
  const { measurements, lossFree, cpu } = result;
  const rounds = measurements[0]?.trials.netfilter.length ?? 0;
  return {
    id: "forward",
    title: "Forwarding of established connections",
    method: [
      `A gateway with ${GATEWAY_WORDS}, in three network namespaces joined by veth; 64-byte UDP frames (60 without the checksum that`,
      `no virtual link has) of connections that the kernel holds as assured, sent by an XDP program as live frames.`,
      `Packets are counted where they arrive, beyond the gateway. Generator, gateway and receiver share CPU ${cpu}, so`,
      `that the figures tell what a packet costs. Each of ${rounds} rounds has every arm once, in random order.`,
      `Arms: ${result.arms.map((arm) => `${arm} (${ARM_WORDS[arm]})`).join(", ")}.`,
    ].join(" "),
    tables: [
      ...measurements.map((measurement) => rateTable(measurement, seed)),
      ratioTable(measurements, seed),
      ...(lossFree === undefined ? [] : [lossFreeTable(lossFree)]),
    ],
    charts: chartsOf(measurements, seed),
    findings: measurements.flatMap((measurement) => findingsOf(measurement, seed)),
    limits: limitsOf(result, seed),
  };
}

function rateTable(measurement: ForwardMeasurement, seed: number): ReportTable {
  const { arms } = figuresOf(measurement, seed);
  const { condition, inTable, trials } = measurement;
  return {
    title: `${conditionWords(condition)} (${inTable.toLocaleString("en")} in the table)`,
    head: ["arm", "Mpps (95 %)", "ns a packet", "CPU ns a packet", "lost"],
    rows: armsOf(measurement).map((arm) => {
      const figures = arms[arm];
      if (figures === undefined) throw new TypeError("an arm that was measured has figures");
      return [
        arm,
        estimateCell(rateOf(trials[arm], seed), 3, MEGA),
        figures.nanosecondsPerPacket.toFixed(0),
        (figures.cpuSecondsPerPacket * 1e9).toFixed(0),
        lostCell(figures.sent, figures.received),
      ];
    }),
  };
}

function lostCell(sent: number, received: number): string {
  const lost = Math.max(0, sent - received);
  return lost === 0 ? "0" : `${((100 * lost) / sent).toFixed(lost / sent < 0.001 ? 4 : 2)} %`;
}

function ratioTable(measurements: readonly ForwardMeasurement[], seed: number): ReportTable {
  const known = new Set<string>(
    measurements.flatMap((measurement) => ratiosOf(measurement, seed).map(([name]) => name)),
  );
  const names = Object.entries(RATIOS).filter(([name]) => known.has(name));
  return {
    title: "Ratios of medians (95 %)",
    head: ["", ...names.map(([, [one, other]]) => `${one} / ${other}`)],
    rows: measurements.map((measurement) => {
      const ratios = new Map<string, string>(
        ratiosOf(measurement, seed).map(([name, ratio]) => [name, ratioCell(ratio)]),
      );
      return [conditionWords(measurement.condition), ...names.map(([name]) => ratios.get(name) ?? "-")];
    }),
  };
}

function lossFreeTable(lossFree: LossFreeRates): ReportTable {
  return {
    title: "Loss-free throughput (RFC 2544, trials of a second, to within 1 %)",
    head: ["arm", "Mpps without loss", "not carried at", "trials"],
    rows: Object.entries(lossFree).map(([arm, { rate, lossAt, trials }]) => [
      arm,
      (rate / MEGA).toFixed(3),
      lossAt === undefined ? "-" : (lossAt / MEGA).toFixed(3),
      String(trials.length),
    ]),
  };
}

function chartsOf(measurements: readonly ForwardMeasurement[], seed: number): Chart[] {
  const bars = measurements.filter(
    (one, i) => measurements.findIndex(({ condition }) => sameMix(one, condition)) === i,
  );
  return [
    ...bars.map((measurement): Chart => ({
      kind: "bars",
      title: conditionWords(measurement.condition),
      unit: "Mpps",
      bars: armsOf(measurement).map((arm) => barOf(arm, rateOf(measurement.trials[arm], seed), MEGA)),
    })),
    ...overTable(measurements, seed),
  ];
}

function sameMix(one: ForwardMeasurement, { mix }: ForwardMeasurement["condition"]): boolean {
  return one.condition.mix.kind === mix.kind && one.condition.mix.connections === mix.connections;
}

/** The first mix over an ever fuller table, of the ways that use it. */
function overTable(measurements: readonly ForwardMeasurement[], seed: number): Chart[] {
  const [first] = measurements;
  const same = measurements.filter((one) => first !== undefined && sameMix(one, first.condition));
  if (first === undefined || same.length < 2) return [];
  const arms = armsOf(first).filter((arm) => arm !== "generator" && arm !== "ceiling");
  const series = arms.map((arm): Series => ({ name: arm, points: same.map((one) => pointOf(one, arm, seed)) }));
  return [
    {
      kind: "curves",
      title: `${first.condition.mix.connections.toLocaleString("en")} connections, over the number in the table`,
      x: { label: "connections in the table", logarithmic: true },
      y: { label: "Mpps" },
      series,
    },
  ];
}

function pointOf({ inTable, trials }: ForwardMeasurement, arm: ForwardArm, seed: number) {
  const { median, low, high } = rateOf(trials[arm], seed);
  return { x: inTable, y: median / MEGA, low: low / MEGA, high: high / MEGA };
}

function findingsOf(measurement: ForwardMeasurement, seed: number): string[] {
  const where = conditionWords(measurement.condition);
  return ratiosOf(measurement, seed)
    .filter(([name]) => name !== "xdpVsCeiling" && name !== "tcVsRouted")
    .map(([name, ratio]) => {
      const [one, other] = RATIOS[name];
      return `${where}: ${verdictSentence(one, other, ratio)}.`;
    });
}

/** One sentence for each of the things that keep the figures from being higher. */
function limitsOf({ measurements, cpu }: ForwardResult, seed: number): string[] {
  const [first] = measurements;
  if (first === undefined) return [];
  const { arms } = figuresOf(first, seed);
  const nanoseconds = (arm: ForwardArm): number | undefined => arms[arm]?.nanosecondsPerPacket;
  const generator = nanoseconds("generator");
  const netfilter = nanoseconds("netfilter");
  const xdp = nanoseconds("xdp");
  const ceiling = nanoseconds("ceiling");
  const sentences = [
    `CPU ${cpu} does everything and was busy throughout: the figures are packets a second of one CPU, not of a network card.`,
  ];
  if (generator !== undefined && netfilter !== undefined) {
    const shares = [`${percent(generator, netfilter)} of a packet's time by netfilter`];
    if (xdp !== undefined) shares.push(`${percent(generator, xdp)} by xdp`);
    sentences.push(
      `Making a packet and bringing it to the gateway takes ${generator.toFixed(0)} ns: ${shares.join(", ")}.`,
    );
  }
  if (ceiling !== undefined && xdp !== undefined) {
    sentences.push(
      `Of a packet's ${xdp.toFixed(0)} ns by xdp, ${ceiling.toFixed(0)} ns go where nothing is looked up at all: links, generator and receiver.`,
    );
  }
  return sentences;
}

function percent(part: number, whole: number): string {
  return `${((100 * part) / whole).toFixed(0)} %`;
}
