import fc from "fast-check";
import { parseIpv4 } from "../../src/address/ipv4.ts";
import { LIMIT_PRIORITIES, type LimitGroup, type Limits } from "../../src/config/limits.ts";

// Compared with what the reader gives: objects as all are.
const PLAIN = { noNullPrototype: true } as const;
const rate = fc.integer({ min: 1, max: 400 }).map((mbit) => mbit * 1e6);
const directed = fc.record({ up: rate, down: rate }, { requiredKeys: [], ...PLAIN });
const perSubscriber = fc.record(
  {
    connections: fc.integer({ min: 1, max: 100_000 }),
    newConnections: fc.record(
      { rate: fc.integer({ min: 1, max: 5000 }), burst: fc.integer({ min: 1, max: 5000 }) },
      PLAIN,
    ),
    up: rate,
    down: rate,
  },
  { requiredKeys: [], ...PLAIN },
);

/** What `limitsFor` makes limits of. */
export const arbitraryLimits = fc.record({
  word: fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,9}$/),
  perSubscriber,
  groups: fc.array(
    fc.record({
      rates: directed,
      priority: fc.constantFrom(...LIMIT_PRIORITIES),
      perSubscriber,
      sizes: fc.array(fc.integer({ min: 1, max: 6 }), { minLength: 1, maxLength: 2 }),
    }),
    { maxLength: 3 },
  ),
  line: directed,
  // Below the ports the generated forwards listen on.
  managementPorts: fc.uniqueArray(fc.constantFrom(22, 80, 443, 899), { maxLength: 2 }),
});

type Sketch = typeof arbitraryLimits extends fc.Arbitrary<infer T> ? T : never;

/** Limits with groups among the sources of the generated rules, and beyond them. */
export function limitsFor({ word, groups, ...rest }: Sketch): Limits {
  let next = parseIpv4("10.10.1.0") ?? 0;
  return {
    ...rest,
    groups: groups.map(({ rates, sizes, ...group }, index): LimitGroup => {
      const members = sizes.map((size) => {
        const first = next;
        next += size + 1;
        return { first, last: first + size - 1 };
      });
      return { name: `${word}${index}`, ...rates, members, ...group };
    }),
  };
}
