import { setTimeout as sleep } from "node:timers/promises";
import { command } from "../../command.ts";
import { deviceRates, fastPathLines } from "../../fastpath-text.ts";
import { flowtableDevices, flowtableLines } from "../../flowtable-text.ts";
import { parseCount } from "../../whole-number.ts";

interface Flags {
  readonly interval: number;
}

/** Says what the fast path does. */
export const fastPathStatus = command<Flags, []>({
  brief: "Say what the fast path forwards, what it leaves to the kernel, and why",
  description: [
    "Counts packets by interface: those the fast path forwarded, and those it gave to the kernel by the reason why. Rates",
    "are of the interval. Packets of the fast path do not pass the kernel's rules, whose counters show only the others.",
    "Of each connection they are counted where the kernel counts as well (nf_conntrack_acct is 1 when it is turned on):",
    "`meganat flows` adds both. Exit status 1 if it is half on.",
  ].join("\n"),
  examples: [
    ["meganat fastpath status", "counts since it was turned on, and the rates of one second"],
    ["meganat fastpath status --interval 10 --json", "ten seconds, for programs"],
  ],
  json: [
    ["state", "on, off or half"],
    ["since", "when it was turned on, ISO 8601"],
    [
      "devices",
      "list of { name, path, packets: { forwarded, unknown, ... }, bytes }, counts since then; flowtable has none",
    ],
    ["rates", "list of { name, packetsPerSecond: { forwarded, ... }, bytesPerSecond } of the interval"],
    ["places", "{ ipv4, ipv6, bytes }"],
    ["countsConnections", "whether what is forwarded is counted of each connection"],
    ["coverage", "share of connections that are remembered"],
    ["notes", "what stays with the kernel because a rule has to see each packet, and what counts less"],
    ["settings", "settings of connection tracking that are changed while it is on: { name, old, set }"],
  ],
  parameters: {
    flags: {
      interval: {
        kind: "parsed",
        brief: "Seconds to measure rates for; 0 for none",
        placeholder: "seconds",
        parse: (text) => parseCount(text, 0, 86_400),
        default: "1",
      },
    },
  },
  run: async ({ output, netns }, { interval }) => {
    const { readFlowtable } = await import("../../../fastpath/flowtable.ts");
    const flowtable = readFlowtable(netns);
    if (flowtable !== undefined) {
      return {
        json: { state: "on", since: flowtable.since, devices: flowtableDevices(flowtable) },
        text: flowtableLines(output, flowtable).join("\n"),
      };
    }
    const { readFastPathStatus } = await import("../../../fastpath/status.ts");
    const before = readFastPathStatus({ netns });
    const start = performance.now();
    if (before?.whole === true && interval > 0) await sleep(interval * 1000);
    const after = interval > 0 ? readFastPathStatus({ netns }) : before;
    const seconds = (performance.now() - start) / 1000;
    const rates =
      before?.whole === true && after?.whole === true && interval > 0 ? deviceRates(before, after, seconds) : [];
    const state = after === undefined ? "off" : after.whole ? "on" : "half";
    return {
      json: { state, ...after, rates },
      text: fastPathLines(output, after, rates).join("\n"),
      status: state === "half" ? 1 : 0,
    };
  },
});
