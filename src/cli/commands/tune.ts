import { command } from "../command.ts";
import { CommandError } from "../failure.ts";
import { readGatewayFile } from "../gateway-file.ts";
import { CONFIG_FLAG } from "../parameters.ts";

interface Flags {
  readonly config?: string;
  readonly apply: boolean;
  readonly undo: boolean;
}

/** Says how the network cards should be set for forwarding, and sets them. */
export const tune = command<Flags, string[]>({
  brief: "Set the network cards for forwarding: queues, rings, interrupts, offloads, with reasons",
  description: [
    "Reads what each network card can do and how it is set: queues, ring sizes, the indirection table, the CPUs of",
    "interrupts, RPS and XPS by the NUMA node of the card, offloads, coalescing, and what the CPUs take in one round.",
    "Shows each setting as it is and as it should be, with the reason, and why one is left as it is. Bonds, bridges,",
    "VLANs and macvlans stand for the cards below them. Nothing is changed unless --apply says so; then the old values are on record",
    "first, and --undo puts back those that nobody else has changed since. Other queues or rings make most cards lose",
    "their carrier for a moment; connections go on. --apply and --undo need root. Exit status 1 if something was refused.",
  ].join("\n"),
  examples: [
    ["meganat tune", "how are the cards of this host set?"],
    ["meganat tune -c gateway.yaml", "those of a gateway file"],
    ["meganat tune --apply eth0 eth1", "set these two as proposed"],
    ["meganat tune --undo", "put the old values back"],
    ["meganat tune --netns gateway --json", "in another namespace, for programs"],
  ],
  json: [
    [
      "cards",
      "list of { card, driver?, node?, cpus, proposals: [{ setting, verdict: change, right or left, now, proposed?, reason, changes, pauses }] }",
    ],
    ["host", "proposals for settings of the whole host"],
    ["unknown", "interfaces of the gateway file that are not here"],
    ["shares", "interfaces that share a card, such as a macvlan, and what is tuned instead: list of { name, reason }"],
    ["carried", "with --apply: list of { place, what, old, set, refused? }"],
    ["done, left", "with --undo: what was put back, and what was not, in sentences"],
  ],
  parameters: {
    flags: {
      config: { ...CONFIG_FLAG, optional: true },
      apply: { kind: "boolean", brief: "Carry the proposals out", default: false },
      undo: { kind: "boolean", brief: "Put the old values back", default: false },
    },
    aliases: { c: "config" },
    positional: {
      kind: "array",
      parameter: {
        brief: "An interface; default: the links of the gateway file, else every card",
        placeholder: "device",
        parse: String,
      },
    },
  },
  run: async ({ output, netns }, { config, apply, undo }, ...named) => {
    if (undo && (apply || config !== undefined || named.length > 0)) {
      throw usage("--undo takes everything back that --apply changed", "give it alone: `meganat tune --undo`");
    }
    const [{ carryOutTuning, proposeTuning, undoTuning }, { carriedText, tuneText, undoneText }] = await Promise.all([
      import("../../tune/carry-out.ts"),
      import("../tune-text.ts"),
    ]);
    if (undo) {
      const undone = undoTuning({ namespace: netns });
      return { json: undone, text: undoneText(undone), status: 0 };
    }
    const { cards, unknown, shares } = await cardsOf(netns, config, named);
    const width = process.stdout.columns ?? 100;
    if (!apply) {
      const proposals = proposeTuning(netns, cards);
      return {
        json: { ...proposals, unknown, shares },
        text: tuneText(proposals, { width, paint: output.paint, unknown, shares }),
      };
    }
    const onStep = (what: string): void => output.progress(`setting ${what}`);
    const carried = carryOutTuning({ namespace: netns, onStep: output.terminal ? onStep : undefined }, cards);
    const proposals = proposeTuning(netns, cards);
    return {
      json: { ...proposals, unknown, shares, carried },
      text: carriedText(carried, { width, paint: output.paint, unknown, shares }),
      status: carried.some(({ refused }) => refused !== undefined) ? 1 : 0,
    };
  },
});

async function cardsOf(netns: string | undefined, config: string | undefined, named: readonly string[]) {
  const [{ readLinkFacts }, { allCards, cardsOfGateway, resolveCards }] = await Promise.all([
    import("../../tune/read-facts.ts"),
    import("../../plan/cards/resolve-cards.ts"),
  ]);
  const links = readLinkFacts(netns);
  if (named.length > 0) {
    const found = resolveCards(named, links);
    const [missing] = found.unknown;
    if (missing === undefined) return found;
    throw usage(`there is no interface ${missing} here`, "`ip link` shows those there are");
  }
  if (config === undefined) return allCards(links);
  return resolveCards(cardsOfGateway((await readGatewayFile(config)).gateway), links);
}

function usage(message: string, remedy: string): CommandError {
  return new CommandError({ code: "tune-devices", message, remedy }, 2);
}
