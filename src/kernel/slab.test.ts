import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSlabCache } from "./slab.ts";

const SLABINFO = `slabinfo - version: 2.1
# name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>
nf_conntrack_expect      0      0    208   19    1 : tunables    0    0    0 : slabdata      0      0      0
nf_conntrack          96    160    256   16    1 : tunables    0    0    0 : slabdata     10     10      0
`;

test("a cache is found by its whole name", () => {
  assert.deepEqual(parseSlabCache(SLABINFO, "nf_conntrack"), { objects: 96, objectBytes: 256, bytes: 40960 });
  assert.equal(parseSlabCache(SLABINFO, "nf"), undefined);
});
