import * as z from "zod";
import { Fault, quote } from "../fault.ts";
import { capacitySchema } from "./capacity.ts";
import { choice, keys, scalar } from "./field.ts";
import { limitsSchema } from "./limits.ts";
import { linkSchema } from "./links.ts";
import { PATTERNS } from "./patterns.ts";
import { poolSchema } from "./pools.ts";
import { uplinkSchema } from "./uplinks.ts";
import { name, portForwardSchema, sourceNatSchema, staticNatSchema, twiceNatSchema } from "./translations.ts";

const entryName = z.string().meta({ pattern: PATTERNS.name });

/** The whole file. The reader takes it entry by entry, so that one bad entry hides nothing in the others. */
export const fileSchema = keys("a gateway file", {
  version: scalar(readVersion, { description: "The version of the file format.", examples: [1], enum: [1, "1"] }),
  name: name("the gateway", "campus-border"),
  links: z
    .record(entryName, linkSchema.nullable())
    .meta({ description: "Network interfaces by their role.", examples: ["{ wan: { interface: eth0 } }"] }),
  pools: z
    .record(entryName, poolSchema)
    .nullable()
    .optional()
    .meta({ description: "Public addresses shared out by source NAT." }),
  "source-nat": z
    .array(sourceNatSchema)
    .nullable()
    .optional()
    .meta({ description: "Whose source addresses become which; the first rule that fits decides." }),
  "port-forwards": z
    .array(portForwardSchema)
    .nullable()
    .optional()
    .meta({ description: "Inside services reached at a public address and port." }),
  "static-nat": z
    .array(staticNatSchema)
    .nullable()
    .optional()
    .meta({ description: "One public address for one inside host, in both directions, all protocols." }),
  "twice-nat": z.array(twiceNatSchema).nullable().optional().meta({
    description: "Networks with the same addresses that must talk: each sees the other under other addresses.",
  }),
  uplinks: z.array(uplinkSchema).nullable().optional().meta({
    description:
      "Links to providers that stand in for each other, the first before the next. A subscriber leaves by that of its first source-nat rule, and by those of the others when it is down.",
  }),
  capacity: capacitySchema.nullable().optional().meta({ description: "What the gateway must hold." }),
  limits: limitsSchema.nullable().optional().meta({
    description: "What subscribers may take: connections, new connections, rates; and what is kept in reserve.",
  }),
  "fast-path": choice(["auto", "xdp", "tc", "flowtable", "off"], {
    description:
      "How established connections are forwarded past the network stack: by an eBPF program in the driver (xdp) or in front of the stack (tc), by whichever suits each interface (auto), by the kernel's own flowtable, or not (off, the default).",
    examples: ["auto", "off"],
  }).optional(),
});

function readVersion(text: string): 1 | Fault {
  if (text === "1") return 1;
  return new Fault(
    "bad-version",
    `this program reads version 1 of the file format, not ${quote(text)}`,
    "write version: 1",
  );
}
