import { proposeCompletions } from "@stricli/core";
import { command } from "../command.ts";
import { CommandError } from "../failure.ts";

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_meganat() {
  local IFS=$'\\n'
  COMPREPLY=($(meganat completion words -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  [ \${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _meganat meganat
`,
  zsh: `#compdef meganat
_meganat() {
  local -a found
  found=(\${(f)"$(meganat completion words -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#found} )); then compadd -a found; else _files; fi
}
compdef _meganat meganat
`,
  fish: `complete -c meganat -a '(meganat completion words -- (commandline -opc)[2..] (commandline -ct) 2>/dev/null)'
`,
};

/** Prints the script that teaches a shell to complete MegaNAT's commands and flags. */
export const completion = command<object, string[]>({
  brief: "Print a completion script for bash, zsh or fish",
  description: [
    "Prints a script that teaches a shell to complete commands and flags of meganat.",
    "`completion words -- WORD...` is what those scripts call: it prints what can stand for the last word.",
  ].join("\n"),
  examples: [
    ['eval "$(meganat completion bash)"', "complete in this shell (bash)"],
    ["meganat completion fish > ~/.config/fish/completions/meganat.fish", "complete in every fish from now on"],
  ],
  json: [
    ["script", "the script"],
    ["words", "with `words`: what can stand for the last word"],
  ],
  parameters: {
    positional: {
      kind: "array",
      minimum: 1,
      parameter: { brief: "bash, zsh, fish, or words and the words typed so far", placeholder: "shell", parse: String },
    },
  },
  run: async (context, _flags, shell, ...typed) => {
    if (shell === "words") {
      const { makeApplication } = await import("../application.ts");
      const proposals = await proposeCompletions(await makeApplication(""), typed, context);
      const words = proposals.map((proposal) => proposal.completion);
      return { json: { words }, text: words.join("\n") };
    }
    const script = SCRIPTS[shell ?? ""];
    if (script === undefined) {
      const message = `there is no completion for ${shell}`;
      throw new CommandError({ code: "usage", message, remedy: "use bash, zsh or fish" }, 2);
    }
    return { json: { script }, text: script };
  },
});
