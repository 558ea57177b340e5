import { rulesOf, type RuleProgram } from "./rules/ruleset.ts";
import type { Signals } from "./signals.ts";

/** A rule that writes each packet it meets into the kernel's log. */
export interface LoggingRule {
  /** `family/table/chain/handle`, or `legacy-ip/table/chain/number`; its counter is `rule.ID.packets`. */
  readonly id: string;
  readonly text: string;
  readonly program: RuleProgram;
  /** What its program names it by in the chain: a handle of nft, a number of iptables. */
  readonly place: string;
}

const LIMIT = "limit rate 5/second burst 20 packets";
/** What may follow `log` in a rule of nft. */
const NFT_LOG = /\blog(?: prefix "[^"]*"| level \w+| flags (?:all|skuid|ether|ip options|tcp [\w,]+))*/;

/** The rules that log without a limit; those that send packets to a program (NFLOG, `group`) are left out. */
export function loggingRules({ rules, texts }: Signals): LoggingRule[] {
  if (rules !== undefined) {
    return rulesOf(rules)
      .filter(({ parts }) =>
        parts.some(
          (part) =>
            part.kind === "action" &&
            part.action.kind === "log" &&
            !part.action.limited &&
            part.action.group === undefined,
        ),
      )
      .map(({ id, text, program, handle, number }) => ({
        id,
        text,
        program,
        place: String(program === "nft" ? handle : number),
      }));
  }
  return Object.entries(texts).flatMap(([name, text]) => {
    const id = name.startsWith("rule.") ? name.slice("rule.".length) : "";
    const program = id.startsWith("legacy-ip6/")
      ? "ip6tables-legacy"
      : id.startsWith("legacy-ip/")
        ? "iptables-legacy"
        : "nft";
    const logs = program === "nft" ? /\blog\b(?!.*\bgroup \d)/.test(text) : /-j LOG\b/.test(text);
    return id === "" || !logs || /\blimit\b/.test(text)
      ? []
      : [{ id, text, program, place: id.slice(id.lastIndexOf("/") + 1) }];
  });
}

/** Commands that put a limit on what the rule logs, and change nothing else about it. */
export function limitLog({ id, text, program, place }: LoggingRule): string[] {
  const [family = "", table = "", chain = ""] = id.split("/");
  if (program !== "nft") {
    const limited = text.replace(/-j LOG\b/, "-m limit --limit 5/second --limit-burst 20 -j LOG");
    return [
      `${program} -t ${table} -L ${chain} --line-numbers    # is it still number ${place}?`,
      `${program} -t ${table} -R ${chain} ${place} ${limited}`,
    ];
  }
  const [log] = NFT_LOG.exec(text) ?? [];
  if (log === undefined) return [];
  const where = `${family} ${table} ${chain}`;
  const matches = text.slice(0, text.indexOf(log)).replace(/\bcounter\b/, "");
  // A limit in the rule itself would let packets past its verdict too.
  return [
    `nft 'insert rule ${where} position ${place} ${tidy(`${matches} ${LIMIT} ${log}`)}'`,
    `nft 'replace rule ${where} handle ${place} ${tidy(text.replace(log, ""))}'`,
  ];
}

function tidy(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}
