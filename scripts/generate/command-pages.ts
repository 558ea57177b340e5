import { GLOBAL_FLAGS } from "../../src/cli/help.ts";
import { listCommands, type DocumentedCommand } from "./command-list.ts";

/** docs/reference/commands.md and the manual pages docs/man/*.1, all from the commands' own descriptions. */
export async function commandPages(version: string): Promise<Map<string, string>> {
  const commands = await listCommands();
  const pages = new Map([
    ["docs/reference/commands.md", markdown(commands)],
    ["docs/man/meganat.1", overviewPage(commands, version)],
  ]);
  for (const one of commands) pages.set(`docs/man/${one.words.join("-")}.1`, commandPage(one, version));
  return pages;
}

function markdown(commands: readonly DocumentedCommand[]): string {
  const rows = commands.map((one) => {
    const title = one.words.join(" ");
    return `| [\`${title}\`](#${one.words.join("-")}) | ${one.description.brief} |`;
  });
  const sections = commands.map((one) => `## ${one.words.join(" ")}\n\n\`\`\`text\n${one.help.trim()}\n\`\`\`\n`);
  return [
    "<!-- Generated from the commands' own help by `npm run docs`. -->",
    "",
    "# Commands",
    "",
    "Exit status of all: 0 all is well, 1 failed or a finding, 2 wrong usage. Errors go to standard error as",
    '`error[code]: what was tried`, with the remedy below; with `--json` as `{"error": {"code", "message", "remedy"}}` to',
    "standard output. [Error codes](errors.md) has the codes.",
    "",
    "| Command | What it does |",
    "| --- | --- |",
    ...rows,
    "",
    ...sections,
  ].join("\n");
}

function overviewPage(commands: readonly DocumentedCommand[], version: string): string {
  return manual("MEGANAT", version, [
    ["NAME", ["meganat \\- runs a Linux box as a NAT gateway that holds millions of connections"]],
    ["SYNOPSIS", ["\\fBmeganat\\fR [\\fB\\-\\-netns\\fR \\fINAME\\fR] [\\fB\\-\\-json\\fR] \\fICOMMAND\\fR ..."]],
    [
      "DESCRIPTION",
      paragraphs(
        "One YAML file describes the gateway. meganat plans it, applies it to the kernel's own netfilter in one transaction, and says whether it still is as described. The kernel does the translating.",
      ),
    ],
    ["COMMANDS", commands.flatMap((one) => tagged(one.words.slice(1).join(" "), one.description.brief))],
    ["OPTIONS", [...globalFlags(), ...tagged("-v, --version", "Print the version and exit")]],
    ["EXIT STATUS", exitStatus()],
    ["ENVIRONMENT", tagged("NO_COLOR", "When set and not empty, no colours on a terminal either.")],
    [
      "SEE ALSO",
      [
        `${commands.map((one) => `\\fB${escape(one.words.join("-"))}\\fR(1)`).join(",\n")},\n\\fBnft\\fR(8),\n\\fBconntrack\\fR(8)`,
      ],
    ],
  ]);
}

function commandPage(one: DocumentedCommand, version: string): string {
  const { description } = one;
  const sections: [string, string[]][] = [
    ["NAME", [`${escape(one.words.join("-"))} \\- ${escape(lowerFirst(description.brief))}`]],
    ["SYNOPSIS", [`\\fB${escape(one.usage)}\\fR`]],
    ["DESCRIPTION", paragraphs(description.description)],
    ["ARGUMENTS", one.positionals.flatMap(([name, brief]) => tagged(name, brief))],
    ["OPTIONS", [...one.flags.flatMap(([flag, brief]) => tagged(flag, brief)), ...globalFlags()]],
    ["JSON", description.json.flatMap(([field, meaning]) => tagged(field, meaning))],
    ["EXIT STATUS", exitStatus()],
    ["EXAMPLES", description.examples.flatMap(([line, brief]) => tagged(line, brief))],
    ["SEE ALSO", ["\\fBmeganat\\fR(1)"]],
  ];
  return manual(one.words.join("-").toUpperCase(), version, sections);
}

function manual(title: string, version: string, sections: readonly (readonly [string, readonly string[]])[]): string {
  const lines = [
    ".\\\" Generated from the commands' own help by `npm run docs`.",
    `.TH ${escape(title)} 1 "" "MegaNAT ${escape(version)}" "MegaNAT"`,
    // No hyphenation, left-adjusted: command lines must stay as they are.
    ".nh",
    ".ad l",
  ];
  for (const [heading, body] of sections) {
    if (body.length > 0) lines.push(`.SH ${heading}`, ...body);
  }
  return `${lines.join("\n")}\n`;
}

function globalFlags(): string[] {
  return GLOBAL_FLAGS.flatMap(([flag, brief]) => tagged(flag.trim(), brief));
}

function exitStatus(): string[] {
  return [
    ...tagged("0", "All is well."),
    ...tagged("1", "The command failed, or found something wrong."),
    ...tagged("2", "Wrong usage."),
  ];
}

function tagged(tag: string, text: string): string[] {
  return [".TP", `\\fB${escape(tag)}\\fR`, escape(text)];
}

// Lines of a paragraph are filled; one that is indented stands as it is.
function paragraphs(text: string): string[] {
  return text.split("\n\n").flatMap((paragraph) => {
    const lines = paragraph.split("\n");
    if (lines.some((line) => line.startsWith("  "))) return [".PP", ".nf", ...lines.map(escape), ".fi"];
    return [".PP", ...lines.map(escape)];
  });
}

function escape(text: string): string {
  const safe = text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("`", "\\(ga");
  return safe.startsWith(".") ? `\\&${safe}` : safe;
}

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}
