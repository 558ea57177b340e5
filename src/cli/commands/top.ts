import type { PortSupply } from "../../observe/flows/port-use.ts";
import type { SubscriberOrder } from "../../observe/survey/survey.ts";
import { command } from "../command.ts";
import { CommandError } from "../failure.ts";
import { planFile } from "../gateway-file.ts";
import type { Output } from "../output.ts";
import type { TopView } from "../../tui/view.ts";
import { CONFIG_FLAG } from "../parameters.ts";

interface Flags {
  readonly once: boolean;
  readonly interval: number;
  readonly sort: SubscriberOrder;
  readonly filter: string;
  readonly config?: string;
}

/** Subscribers in a frame that is printed. */
const PRINTED_SUBSCRIBERS = 10;
/** Rates of a single frame need some time to be measured over. */
const LEAST_ONCE_SECONDS = 1;
/** Where no terminal says how wide it is. */
const PRINTED_COLUMNS = 100;

/** Shows the gateway at work, full-screen. */
export const top = command<Flags, []>({
  brief: "Show the gateway at work, full-screen: table, rates, public addresses, subscribers, drops, CPU",
  description: [
    "A live view for a terminal of 80 columns or any other size: how full the connection table is and when it will be,",
    "what is new, destroyed, refused and dropped a second, which public address has fewest ports left and to which",
    "destination, which subscribers have or make most connections, why packets are dropped and what NAT costs the CPUs.",
    "Keys sort, filter, pause and look into one subscriber; ? lists them. Works without a gateway file; with it, ports",
    "and port blocks of the public addresses are known. Addresses, subscribers, new and destroyed come from reading the",
    "whole table, which takes one CPU for 5 % of its time at most: the larger the table, the older they are, and the",
    "screen says how old. Reads only. Drops and CPU need root on the host and eBPF; the rest is shown without.",
  ].join("\n"),
  examples: [
    ["meganat top", "until q"],
    ["meganat top --netns gateway -c gateway.yaml", "of a lab, with the ports of the gateway file"],
    ["meganat top --once --sort new", "one frame as text, for a script"],
  ],
  json: [
    ["takenAt, namespace, interval", "when, where, seconds the rates are taken over"],
    ["table", "{ connections, max, share, buckets, meanChain, netPerSecond, secondsToFull }"],
    ["rates", "{ new, destroyed, insertFailed, drop, earlyDrop } a second"],
    ["survey", "how the table was read: { age, seconds, interval, entries, consistent }"],
    [
      "addresses",
      "{ address, connections, fullest: { protocol, destination, destinationPort, used, ports, occupancy, refusalChance } }, fullest first",
    ],
    [
      "subscribers",
      `{ order, filter, total, error, rows: [{ address, connections, newPerSecond, share }] }, ${PRINTED_SUBSCRIBERS} of them`,
    ],
    ["drops", "{ causes: [{ cause, title, perSecond, packets }], limits }"],
    ["cpu", "{ nat, busy, parts: [{ id, title, share }] }; nat and parts of the busy time, 0 to 1"],
    ["missing", "what could not be read and why, in words"],
    ["unavailable", "in survey, drops or cpu in place of the rest: why they are not there"],
  ],
  parameters: {
    flags: {
      once: { kind: "boolean", brief: "Print one frame as text and end; --json does so, too", default: false },
      interval: {
        kind: "parsed",
        brief: "Seconds from one frame to the next, from 0.25",
        placeholder: "seconds",
        parse: parseInterval,
        default: "0.5",
      },
      sort: {
        kind: "enum",
        brief: "Subscribers by connections or by new ones",
        values: ["connections", "new"],
        default: "connections",
      },
      filter: {
        kind: "parsed",
        brief: "Only subscribers with this text in their address",
        placeholder: "text",
        parse: String,
        default: "",
      },
      config: { ...CONFIG_FLAG, brief: "The gateway file, for ports and port blocks", optional: true },
    },
    aliases: { c: "config", i: "interval", s: "sort" },
  },
  run: async ({ output, netns }, flags) => {
    const { once, interval, config } = flags;
    const setup = {
      namespace: netns,
      supplies: config === undefined ? [] : await suppliesIn(config, netns),
      question: { order: flags.sort, filter: flags.filter },
    };
    if (once || output.json) {
      const { takeView } = await import("../../tui/run.ts");
      const seconds = Math.max(LEAST_ONCE_SECONDS, interval);
      const view = await takeView({ ...setup, interval: seconds, rows: PRINTED_SUBSCRIBERS });
      return { json: view, text: await frameText(view, output.paint) };
    }
    const { stdin, stdout, env } = process;
    if (!stdin.isTTY || !stdout.isTTY || env["TERM"] === "dumb") {
      throw new CommandError({
        code: "no-terminal",
        message: "the live view needs a terminal for both input and output",
        remedy: "use --once for one frame as text, or --json for one object",
      });
    }
    const { runTop } = await import("../../tui/run.ts");
    await runTop({ ...setup, interval, input: stdin, output: stdout, color: (env["NO_COLOR"] ?? "") === "" });
    return { handedOver: 0 };
  },
});

async function suppliesIn(file: string, netns: string | undefined): Promise<PortSupply[]> {
  const [{ plan }, { suppliesOf }] = await Promise.all([
    planFile(file, { netns }),
    import("../../observe/flows/port-supply.ts"),
  ]);
  return suppliesOf(plan);
}

async function frameText(view: TopView, paint: Output["paint"]): Promise<string> {
  const [{ printedFrame }, { FIRST_CONTROLS }, { painted }] = await Promise.all([
    import("../../tui/frame.ts"),
    import("../../tui/controls.ts"),
    import("../../tui/screen.ts"),
  ]);
  const controls = { ...FIRST_CONTROLS, order: view.subscribers.order, filter: view.subscribers.filter };
  return printedFrame(view, controls, process.stdout.columns || PRINTED_COLUMNS)
    .map((line) => painted(line, (style, text) => (style === "selected" ? text : paint(style, text))))
    .join("\n");
}

function parseInterval(text: string): number {
  const seconds = Number(text);
  if (text.trim() !== "" && seconds >= 0.25 && seconds <= 60) return seconds;
  throw new RangeError("seconds from 0.25 to 60 are needed, as in 1 or 0.5");
}
