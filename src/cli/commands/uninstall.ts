import { resolve } from "node:path";
import { command } from "../command.ts";
import { ROOT_FLAG } from "../parameters.ts";

interface Flags {
  readonly root: string;
}

/** Takes away what install wrote. */
export const uninstall = command<Flags, []>({
  brief: "Take away what makes the gateway come up at boot",
  description: [
    "Takes away every file that `meganat install` wrote, those that start something first. A file that somebody has",
    "changed since is kept as FILE.saved and named. The gateway that runs now is not touched: `meganat remove` takes",
    "it out of the kernel.",
  ].join("\n"),
  examples: [
    ["meganat uninstall", "from the next boot on this host is no gateway"],
    ["meganat uninstall --root /mnt", "the same for the system mounted at /mnt"],
  ],
  json: [
    ["outcome", "uninstalled, or nothing when nothing was installed"],
    ["gateway", "name of the gateway"],
    ["root", "the directory of the system"],
    ["removed", "files taken away, in order"],
    ["saved", "files that somebody had changed, under the name they are kept by"],
  ],
  parameters: { flags: { root: ROOT_FLAG } },
  run: async ({ output }, flags) => {
    const root = resolve(flags.root);
    const { uninstallGateway } = await import("../../apply/boot/uninstall.ts");
    const { gateway, removed, saved } = uninstallGateway({ root });
    if (gateway === undefined) {
      return { json: { outcome: "nothing", root, removed, saved }, text: `no gateway is installed in ${root}` };
    }
    return {
      json: { outcome: "uninstalled", gateway, root, removed, saved },
      text: [
        output.paint("good", `uninstalled gateway ${gateway} from ${root}`),
        ...removed.map((path) => `  removed ${path}`),
        ...saved.map((path) => `  kept    ${path}, because somebody had changed it`),
        "the gateway that runs now goes on until `meganat remove` or the next boot",
      ].join("\n"),
    };
  },
});
