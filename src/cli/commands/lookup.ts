import { command } from "../command.ts";
import { CommandError } from "../failure.ts";
import { planFile } from "../gateway-file.ts";
import { parseLookupTarget } from "../lookup-target.ts";
import { CONFIG_FLAG } from "../parameters.ts";

interface Flags {
  readonly config: string;
}

/** Says who is behind a public address and port, or where an inside address is seen. */
export const lookup = command<Flags, [target: string]>({
  brief: "Say who is behind a public address and port, or where an inside address is seen",
  description: [
    "Answers from the gateway file alone. With port blocks a public address and port belong to one subscriber, and no",
    "log is needed; with shared ports the answer is the subscribers that may have it. For an inside address it says the",
    "public address and ports it has. The file must be the one that was applied at the time in question.",
    "Exit status 1 if the address is none of this gateway's.",
  ].join("\n"),
  examples: [
    ["meganat lookup 61.138.177.3:34567 -c examples/campus.yaml", "who had this address and port?"],
    ["meganat lookup 61.138.177.3:8080/tcp -c examples/campus.yaml", "where does a port forward lead?"],
    ["meganat lookup 10.10.1.5 -c examples/campus.yaml", "which address and ports does this subscriber have?"],
  ],
  json: [
    ["address", "what was looked up; with `port` and `protocol` if given"],
    ["behind", "who is behind it, from outside: list of { kind, rule, ... }"],
    ["seenAs", "where it is seen from outside: list of { kind, rule, ... }"],
  ],
  parameters: {
    flags: { config: CONFIG_FLAG },
    aliases: { c: "config" },
    positional: {
      kind: "tuple",
      parameters: [{ brief: "ADDRESS, ADDRESS:PORT or ADDRESS:PORT/PROTOCOL", placeholder: "target", parse: String }],
    },
  },
  run: async ({ netns }, { config }, target) => {
    const { address, port, protocol } = parseLookupTarget(target);
    const { plan } = await planFile(config, { netns, evenIfRefused: true });
    const [{ lookupPublic, lookupSubscriber }, { publicText, subscriberText, findingJson }] = await Promise.all([
      import("../../plan/lookup.ts"),
      import("../lookup-text.ts"),
    ]);
    const behind = port === undefined ? [] : lookupPublic(plan, address, port, protocol);
    const seenAs = lookupSubscriber(plan, address);
    const name = target.split(/[:/]/)[0];
    if (behind.length === 0 && seenAs.length === 0) {
      // Port 1 is no port of any pool: whatever is found there knows the address.
      const isPublic = port === undefined && lookupPublic(plan, address, 1).length > 0;
      throw new CommandError({
        code: "not-found",
        message: isPublic
          ? `${name} is public: without a port nobody can be named`
          : `${target} is none of gateway ${plan.gateway.name}'s`,
        remedy: isPublic
          ? `add the port: ${name}:PORT`
          : "check the address, and that the file is the one applied at the time",
      });
    }
    return {
      json: { address: name, port, protocol, behind: behind.map(findingJson), seenAs: seenAs.map(findingJson) },
      text: [...behind.map(publicText), ...seenAs.map((finding) => `${name} ${subscriberText(finding)}`)].join("\n"),
    };
  },
});
