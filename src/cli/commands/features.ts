import { command } from "../command.ts";
import { hang } from "../text-layout.ts";

/** Says what this kernel has of what MegaNAT uses. */
export const features = command<object, []>({
  brief: "Show what this kernel has, what is missing, and what that costs",
  description: [
    "Asks the kernel for everything MegaNAT can use. For what is missing it says what is lost without it and what",
    "would bring it. Nothing is changed and no module is loaded; the namespace it tries things out in is gone at the end.",
    "Without root some answers are `unknown`.",
  ].join("\n"),
  examples: [
    ["meganat features", "what this kernel can do"],
    ["meganat features --json", "the same for programs"],
  ],
  json: [["features", 'list of { id, title, present (true, false or "unknown"), needs, without, detail? }']],
  parameters: {},
  run: async ({ output, netns }) => {
    const { probeFeatures } = await import("../../kernel/features.ts");
    const found = probeFeatures(netns);
    const lines = found.flatMap(({ title, present, needs, without, detail }) => {
      const mark =
        present === true
          ? output.paint("good", "yes    ")
          : present === false
            ? output.paint("bad", "no     ")
            : output.paint("warning", "unknown");
      const more =
        present === true
          ? []
          : [...hang("         without it: ", without, 100), ...hang("         needs: ", needs, 100)];
      const how = detail === undefined ? [] : hang("         ", detail, 100);
      return [`${mark}  ${title}`, ...how, ...more];
    });
    return { json: { features: found }, text: lines.join("\n") };
  },
});
