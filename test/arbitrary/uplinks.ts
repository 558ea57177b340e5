import fc from "fast-check";
import type { Link } from "../../src/config/gateway.ts";
import type { Uplink } from "../../src/config/uplink.ts";

/** What is drawn for the uplinks of a gateway, however many links with a gateway it has. */
export const arbitraryUplinks = fc.record({
  /** Whether the first such link, and the second, is one. */
  which: fc.subarray([0, 1]),
  reversed: fc.boolean(),
  probes: fc.uniqueArray(
    fc.record({
      address: fc.integer({ min: 0x01010101, max: 0x09090909 }),
      port: fc.option(fc.integer({ min: 1, max: 65535 }), { nil: undefined }),
    }),
    { maxLength: 3, selector: ({ address, port }) => `${address} ${port}` },
  ),
  interval: fc.integer({ min: 1, max: 50 }).map((tenths) => tenths * 100),
  patience: fc.integer({ min: 2, max: 10 }),
  upAfter: fc.integer({ min: 1, max: 600 }).map((tenths) => tenths * 100),
});

/** The uplinks of a gateway with these links; undefined for none. */
export function uplinksFor(
  sketch: typeof arbitraryUplinks extends fc.Arbitrary<infer T> ? T : never,
  links: readonly Link[],
): Uplink[] | undefined {
  const able = links.filter(({ gateway }) => gateway !== undefined).filter((_, index) => sketch.which.includes(index));
  if (able.length === 0) return undefined;
  const uplinks = able.map(({ name, gateway = 0 }) => ({
    link: name,
    health: {
      probes:
        sketch.probes.length === 0
          ? [{ address: gateway }]
          : sketch.probes.map(({ address, port }) => ({ address, ...(port === undefined ? {} : { port }) })),
      interval: sketch.interval,
      downAfter: sketch.interval * sketch.patience,
      upAfter: sketch.upAfter,
    },
  }));
  return sketch.reversed ? uplinks.toReversed() : uplinks;
}
