import { command } from "../../command.ts";

/** Turns the fast path off. */
export const fastPathOff = command<object, []>({
  brief: "Give every packet back to the kernel's network stack",
  description: [
    "Detaches the programs and puts the changed settings of connection tracking back, but for nf_conntrack_tcp_be_liberal:",
    "the kernel has not seen how far the windows of the connections of now have moved, and would take their packets for",
    "invalid. Set it to 0 when those have ended. Connections go on without a break.",
    "Also clears up after one that was left half on. Needs root.",
  ].join("\n"),
  examples: [["meganat fastpath off", "the kernel forwards every packet again"]],
  json: [["outcome", "turned-off, or off: it was off before"]],
  parameters: {},
  run: async ({ output, netns }) => {
    const { turnOffFastPath } = await import("../../../fastpath/turn-off.ts");
    const was = turnOffFastPath({ netns });
    return {
      json: { outcome: was ? "turned-off" : "off" },
      text: was
        ? output.paint("good", "the fast path is off; connections go on in the kernel")
        : "the fast path was off",
    };
  },
});
