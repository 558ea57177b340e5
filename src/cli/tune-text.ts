import { formatNoun } from "../plan/figures.ts";
import { formatCpus } from "../plan/cards/cpu-list.ts";
import type { CardProposals, CardsProposals, Proposal } from "../plan/cards/proposal.ts";
import type { CardShare } from "../plan/cards/resolve-cards.ts";
import type { Carried, TuningUndone } from "../tune/carry-out.ts";
import type { Style } from "./output.ts";
import { hang, table, type Align } from "./text-layout.ts";

/** How proposals are written. */
export interface TuneTextOptions {
  readonly width: number;
  readonly paint: (style: Style, text: string) => string;
  /** Interfaces that were asked for and are not here. */
  readonly unknown?: readonly string[];
  /** Interfaces whose tuning is another's, and why. */
  readonly shares?: readonly CardShare[];
}

const COLUMNS: readonly Align[] = ["left", "left", "left", "left"];

/** The proposals for people: a table for each card, one for the host, and what to do. */
export function tuneText(proposals: CardsProposals, options: TuneTextOptions): string {
  const { paint, unknown = [], shares = [], width } = options;
  const { cards, host } = proposals;
  const all = [...cards.flatMap((card) => card.proposals), ...host];
  const changes = all.filter(({ verdict }) => verdict === "change");
  const pausing = cards.filter((card) => card.proposals.some(({ pauses, verdict }) => pauses && verdict === "change"));
  return [
    ...cards.flatMap((card) => [paint("heading", cardTitle(card)), ...rows(card.proposals, options), ""]),
    ...(host.length === 0 ? [] : [paint("heading", "The whole host"), ...rows(host, options), ""]),
    ...unknownLines(unknown),
    ...shareLines(shares, width),
    ...(pausing.length === 0
      ? []
      : [
          `${pausing.map(({ card }) => card).join(", ")} may lose the carrier for a moment when queues or rings change.`,
        ]),
    verdict(cards, changes.length, paint),
  ].join("\n");
}

/** What `plan` says of the cards: only what should be otherwise. */
export function cardLines({ cards, host }: CardsProposals, width: number): string[] {
  const changed = (proposals: readonly Proposal[]): Proposal[] =>
    proposals.filter(({ verdict }) => verdict === "change");
  const lines = [
    ...cards.flatMap(({ card, proposals }) =>
      changed(proposals).flatMap((proposal) => changeLines(card, proposal, width)),
    ),
    ...changed(host).flatMap((proposal) => changeLines("host", proposal, width)),
  ];
  if (cards.length === 0) return [];
  if (lines.length === 0) return [`  ${cards.map(({ card }) => card).join(", ")}: as they should be`];
  return [...lines, "  `meganat tune -c FILE` says more, and with --apply does it"];
}

/** What --apply did. */
export function carriedText(
  carried: readonly Carried[],
  { paint, unknown = [], shares = [], width }: TuneTextOptions,
): string {
  const lines = carried.flatMap(({ what, old, set, refused }) =>
    refused === undefined ? [`${what}: ${old} -> ${set}`] : hang(`${what} left at ${old}: `, refused, width),
  );
  const refused = carried.filter((one) => one.refused !== undefined).length;
  const done = carried.length - refused;
  return [
    ...lines,
    ...unknownLines(unknown),
    ...shareLines(shares, width),
    carried.length === 0
      ? paint("good", "nothing to change")
      : `${formatNoun(done, "value")} changed${refused === 0 ? "" : `, ${refused} left`}; \`meganat tune --undo\` puts back what was changed`,
  ].join("\n");
}

/** What --undo did. */
export function undoneText({ done, left }: TuningUndone): string {
  const lines = [...done, ...left.map((line) => `left as it is: ${line}`)];
  return lines.length === 0 ? "nothing is tuned here" : lines.join("\n");
}

function changeLines(where: string, { setting, now, proposed, reason }: Proposal, width: number): string[] {
  return [`  ${where} ${setting}: ${now} -> ${proposed ?? now}`, ...hang("      ", reason, width)];
}

function cardTitle({ card, driver, node, cpus }: CardProposals): string {
  const where = node === undefined ? "" : `, NUMA node ${node}`;
  return `${card} (${driver ?? "driver unknown"}${where}, CPUs ${formatCpus(cpus)})`;
}

function rows(proposals: readonly Proposal[], { width }: TuneTextOptions): string[] {
  return table(
    proposals.map(({ setting, now, proposed, reason, verdict }) => [
      setting,
      now,
      verdict === "change" ? `-> ${proposed ?? now}` : "",
      verdict === "left" ? `left: ${reason}` : reason,
    ]),
    COLUMNS,
    width,
  );
}

function unknownLines(unknown: readonly string[]): string[] {
  return unknown.map((name) => `${name}: there is no such interface here`);
}

function shareLines(shares: readonly CardShare[], width: number): string[] {
  return shares.flatMap(({ name, reason }) => hang(`${name}: `, reason, width));
}

function verdict(cards: readonly CardProposals[], changes: number, paint: TuneTextOptions["paint"]): string {
  if (cards.length === 0) return "There is no card to tune here.";
  if (changes === 0) return paint("good", "Everything is as it should be.");
  const them = changes === 1 ? "it" : "them";
  return `${formatNoun(changes, "setting")} should be otherwise: \`meganat tune --apply\` changes ${them}, --undo puts ${them} back.`;
}
