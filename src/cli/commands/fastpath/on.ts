import type { Path } from "../../../fastpath/record.ts";
import { command } from "../../command.ts";
import { CommandError } from "../../failure.ts";
import { readGatewayFile } from "../../gateway-file.ts";
import { CONFIG_FLAG } from "../../parameters.ts";
import { parseCount } from "../../whole-number.ts";
import { fastPathHead } from "../../fastpath-text.ts";
import { flowtableDevices, flowtableLines } from "../../flowtable-text.ts";

interface Flags {
  readonly config?: string;
  readonly path: Path | "flowtable" | "auto";
  readonly connections?: number;
}

/** Turns the fast path on. */
export const fastPathOn = command<Flags, string[]>({
  brief: "Forward established connections by eBPF, as the kernel last did",
  description: [
    "Watches what the kernel does with packets of established TCP and UDP connections (translation, route, neighbour) and",
    "does the same to those that follow, before they reach the network stack. The kernel's connection is looked at all the",
    "while: one that ends, changes or is deleted is the kernel's again at once (TCP) or within 0.75 s (UDP). After half a",
    "second, for connections with few packets after at most 30 s, the kernel decides anew on one packet, so that changed",
    "rules and routes count. Everything else, from a connection's first packet to its last, stays with the kernel.",
    "It goes on when this command ends, until `meganat fastpath off` or the next boot. Works with any rules, also such",
    "that MegaNAT did not write. Needs root.",
  ].join("\n"),
  examples: [
    ["meganat fastpath on -c gateway.yaml", "between the links of a gateway file"],
    ["meganat fastpath on eth0 eth1", "between two interfaces"],
    [
      "meganat fastpath on --path xdp eth0 eth1",
      "before the kernel makes a packet of the frame: network cards with XDP",
    ],
    ["meganat fastpath on --path flowtable -c gateway.yaml", "by the kernel's own, without eBPF"],
  ],
  json: [
    ["devices", "list of { name, path: xdp, tc or flowtable }"],
    ["places", "{ ipv4, ipv6, bytes }: how many directions of connections can be remembered; not for flowtable"],
    ["notes", "what stays with the kernel because a rule has to see each packet, and what counts less"],
    ["settings", "settings of connection tracking that were changed: { name, old, set }; none for flowtable"],
  ],
  parameters: {
    flags: {
      config: { ...CONFIG_FLAG, optional: true },
      path: {
        kind: "enum",
        values: ["auto", "xdp", "tc", "flowtable"],
        brief:
          "Where packets are caught: in the card's driver (xdp), before the network stack (tc), or the kernel's flowtable",
        default: "auto",
      },
      connections: {
        kind: "parsed",
        brief: "How many to have room for; default: what the kernel's table takes",
        placeholder: "number",
        parse: (text) => parseCount(text, 1, 2 ** 30),
        optional: true,
      },
    },
    aliases: { c: "config" },
    positional: {
      kind: "array",
      parameter: {
        brief: "An interface; default: the links of the gateway file",
        placeholder: "device",
        parse: String,
      },
    },
  },
  run: async ({ output, netns }, { config, path, connections }, ...named) => {
    const links = config === undefined ? [] : (await readGatewayFile(config)).gateway.links;
    const devices = named.length > 0 ? named : links.map((link) => link.interface);
    if (devices.length < 1) {
      throw new CommandError(
        {
          code: "fast-path-devices",
          message: "between which interfaces is not said",
          remedy: "name them, or a gateway file: `meganat fastpath on -c gateway.yaml`",
        },
        2,
      );
    }
    if (path === "flowtable") {
      const { turnOnFlowtable } = await import("../../../fastpath/turn-on-flowtable.ts");
      const flowtable = turnOnFlowtable({ netns, devices });
      return {
        json: { devices: flowtableDevices(flowtable), notes: flowtable.notes },
        text: flowtableLines(output, flowtable, flowtable.notes).join("\n"),
      };
    }
    const { turnOnFastPath } = await import("../../../fastpath/turn-on.ts");
    const status = turnOnFastPath({
      netns,
      path,
      devices,
      ...(connections === undefined ? {} : { connections }),
    });
    return {
      json: {
        devices: status.devices.map(({ name, path: by }) => ({ name, path: by })),
        places: status.places,
        settings: status.settings,
        notes: status.notes,
      },
      text: [
        ...fastPathHead(output, status),
        ...status.settings.map(({ name, old, set }) => `             ${name}: ${old} -> ${set}`),
        "`meganat fastpath status` says what it forwards",
      ].join("\n"),
    };
  },
});
