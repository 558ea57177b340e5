import { command } from "../../command.ts";
import { uplinkEventText } from "../../uplinks-text.ts";

/** Watches the uplinks until it is stopped. */
export const uplinksWatch = command<object, [file: string]>({
  brief: "Watch the uplinks, and take those that fail out of use",
  description: [
    "Asks through each uplink of the file whether its provider works, and looks at its cable. When an uplink fails, new",
    "connections take the next one of their sender's rules at once, and the connections that went by it are deleted: their",
    "public address is that provider's, so none of them could go on. When it works again, new connections come back;",
    "those that have begun by another stay there. While no uplink works, nothing is changed.",
    "It goes on until Ctrl-C or SIGTERM. What it has done stays: the kernel remembers which uplink is out of use, and who",
    "watches next goes on from there. The gateway must be applied. Needs root.",
  ].join("\n"),
  examples: [
    ["meganat uplinks watch gateway.yaml", "watch, and tell what happens"],
    ["meganat uplinks watch gateway.yaml --json", "one JSON object a line, for other programs"],
  ],
  json: [
    ["at", "when, ISO 8601; one object a line until it is stopped"],
    ["link", "the uplink"],
    [
      "event",
      "down, up: the provider fails, works again; withdrawn, restored: new connections leave it, come back; cleared: those by it are deleted; gone: the kernel has no route of ours to it; stopped: the last line",
    ],
    ["cause", "why it is down"],
  ],
  parameters: {
    flags: {},
    positional: {
      kind: "tuple",
      parameters: [{ brief: "The gateway file; - reads standard input", placeholder: "file", parse: String }],
    },
  },
  run: async ({ output, netns }, _flags, file) => {
    const [{ readGatewayFile }, { UplinkWatch }, { LOOK_EVERY }, { untilStopped, pause }] = await Promise.all([
      import("../../gateway-file.ts"),
      import("../../../uplinks/watch.ts"),
      import("../../../uplinks/health.ts"),
      import("../../until-stopped.ts"),
    ]);
    const { gateway } = await readGatewayFile(file);
    const told: Promise<void>[] = [];
    const watch = new UplinkWatch(netns, gateway, (event) => {
      if (output.json) told.push(output.stream(`${JSON.stringify(event)}\n`));
      else output.say(uplinkEventText(event));
    });
    try {
      await untilStopped(async (signal) => {
        while (!signal.aborted) {
          watch.look();
          await Promise.all(told.splice(0));
          await pause(LOOK_EVERY, signal);
        }
      });
    } finally {
      watch.close();
    }
    return { json: { at: new Date().toISOString(), event: "stopped" }, text: "stopped; the uplinks stay as they are" };
  },
});
