import { formatBytes, formatCount, formatNoun } from "../../plan/figures.ts";
import type { SourcePlan } from "../../plan/plan.ts";
import type { Lab } from "../lab.ts";
import type { DemoResult } from "./demo.ts";
import type { Sample } from "./samples.ts";
import type { TrafficReport } from "./traffic.ts";

/** The lab and what was applied to it. */
export function describeLab(lab: Lab, source: SourcePlan, changes: number, seconds: number): string[] {
  const { namespaces, assumptions } = lab.topology;
  const blocks = source.blocks === undefined ? "all ports shared" : `${source.blocks.size} ports each`;
  const behind =
    source.addresses.length === 0
      ? "the link's own address"
      : formatNoun(source.addresses.length, "public address", "public addresses");
  return [
    `${lab.gateway.name}: ${formatNoun(source.subscriberCount, "subscriber")} behind ${behind}, ${blocks}`,
    `  lab ${lab.id} is up (${seconds.toFixed(1)} s): ${namespaces.inside} | ${namespaces.gateway} | ${namespaces.outside}`,
    ...assumptions.map((assumption) => `  assumed: ${assumption}`),
    `  the file is applied to it: ${formatNoun(changes, "change")}`,
  ];
}

/** Real traffic, one line a kind. */
export function describeTraffic(title: string, { http, udp, ping }: TrafficReport): string[] {
  const size = formatBytes(http.downloads === 0 ? 0 : http.bytes / http.downloads);
  return [
    "",
    title,
    `  HTTP  ${http.intact} of ${http.downloads} downloads of ${size} intact, ${formatCount(http.megabitsPerSecond)} Mbit/s`,
    `  UDP   ${udp.answered} of ${udp.sent} echoed`,
    ping === undefined
      ? "  ping  left out: there is no ping here"
      : `  ping  ${ping.received} of ${ping.sent} answered`,
  ];
}

/** Translations as seen from both sides, in columns. */
export function describeSamples(samples: readonly Sample[]): string[] {
  const rows = samples.map((sample) => [
    sample.protocol,
    `${sample.inside} -> ${sample.to}`,
    sample.outside,
    sample.kernelAgrees ? "the same" : (sample.kernel ?? "no entry"),
    sample.lookupAgrees ? sample.lookup : `${sample.lookup} (wrong)`,
  ]);
  const table = [["", "the subscriber sends", "the server sees", "the kernel's entry", "the plan names"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  return [
    "",
    "Translations, as each side sees them",
    ...table.map((row) => `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}`.trimEnd()),
  ];
}

/** What was held, and what to try next. `command` is how the user calls MegaNAT, `file` the gateway file. */
export function describeResult(result: DemoResult, command: string, file: string): string {
  const { translations, kernelCount, requested, entryBytes } = result;
  const memory = entryBytes === undefined ? "" : `, ${formatBytes(entryBytes)} of kernel memory`;
  const lines = [
    "",
    `${result.ok ? "Held" : "Not all held"}: ${formatCount(translations)} translations of ${formatNoun(result.subscribers, "subscriber")} on ${publicAddresses(result)}`,
    `  counted by the kernel itself: ${formatCount(kernelCount)}${memory}`,
    `  made in ${result.fillSeconds.toFixed(1)} s, ${formatCount(result.rate)} a second, ${formatCount(result.refused)} refused`,
    ...blockLines(result),
    ...result.leftOut.map((left) => `  left out: ${left}`),
    result.kept
      ? `  lab ${result.lab} stays until \`${command} lab down ${result.lab}\``
      : `  everything cleaned up; ${result.seconds.toFixed(1)} s in all`,
  ];
  if (!result.ok && kernelCount < requested) lines.push(...whyNot(result));
  const outside = result.samples[0]?.outside ?? "61.138.177.3:34567";
  const subscriber = result.samples[0]?.inside.replace(/:\d+$/, "") ?? "10.10.1.7";
  const server = result.samples[0]?.to.replace(/:\d+$/, "") ?? "203.0.113.80";
  const id = result.kept ? result.lab : "ID";
  lines.push("", "Try next");
  const next = [
    [`${command} plan ${file}`, "what the file means on this machine"],
    [`${command} lookup ${outside} -c ${file}`, "who is behind an address and port"],
    ...(result.kept ? [] : [[`${command} lab up ${file}`, "the same lab, to play with"]]),
    [`${command} lab exec ${id} --side inside -- curl --interface ${subscriber} http://${server}/whoami`, ""],
    [`${command} lab exec ${id} -- nft list table ip meganat`, "the rules"],
  ];
  for (const [line = "", what = ""] of next) lines.push(what === "" ? `  ${line}` : `  ${line}   # ${what}`);
  return lines.join("\n");
}

function blockLines({ blocks, subscribers }: DemoResult): string[] {
  if (blocks === undefined) return [];
  const kept = `${formatCount(blocks.kept)} of ${formatNoun(subscribers, "subscriber")}`;
  return [`  ${kept} kept to their own block of ${formatCount(blocks.ports)} ports, as seen from outside`];
}

function publicAddresses({ poolAddresses, poolAddressesUsed }: DemoResult): string {
  const all = formatNoun(Math.max(poolAddresses, poolAddressesUsed), "public address", "public addresses");
  return poolAddressesUsed < poolAddresses ? `${formatCount(poolAddressesUsed)} of ${all}` : all;
}

function whyNot({ method, requested }: DemoResult): string[] {
  return method === "packet-socket"
    ? [
        `  the host's connection table may be too small for ${formatCount(requested)}: try --connections with fewer, or as root`,
      ]
    : ["  `dmesg | tail` says whether the table was full; another heavy load on this machine can also lose packets"];
}
