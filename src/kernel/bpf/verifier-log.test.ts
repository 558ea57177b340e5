import assert from "node:assert/strict";
import { test } from "node:test";
import { tellingLine } from "./verifier-log.ts";

/** As kernel 6.18 writes them. */
const LOGS: readonly [string, string, string | undefined][] = [
  [
    "a packet read without a check of its end",
    `0: R1=ctx() R10=fp0
; void *data = (void *)(long)ctx->data; @ x.bpf.c:5
0: (61) r1 = *(u32 *)(r1 +0)          ; R1_w=pkt(r=0)
; return *(char *)data; @ x.bpf.c:6
1: (71) r0 = *(u8 *)(r1 +0)
invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0)
R1 offset is outside of the packet
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "R1 offset is outside of the packet",
  ],
  [
    "a pointer of no kind",
    `0: R1=ctx() R10=fp0
0: (b7) r1 = 0                        ; R1_w=0
1: (79) r0 = *(u64 *)(r1 +0)
R1 invalid mem access 'scalar'
verification time 28 usec
stack depth 0
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "R1 invalid mem access 'scalar'",
  ],
  [
    "a loop without an end",
    `func#0 @0
0: R1=ctx() R10=fp0
from 3 to 1: R0=0 R10=fp0
1: (07) r0 += 1
infinite loop detected at insn 1
processed 9 insns (limit 1000000) max_states_per_insn 1 total_states 1 peak_states 1 mark_read 0
`,
    "infinite loop detected at insn 1",
  ],
  ["a kernel function that is not there", "calling invalid kernel function\n", "calling invalid kernel function"],
  ["nothing but a trace", "0: R1=ctx() R10=fp0\n0: (95) exit\n", "0: (95) exit"],
  ["nothing", "", undefined],
];

for (const [name, log, line] of LOGS) {
  test(`the verifier's reason for refusing ${name}`, () => {
    assert.equal(tellingLine(log), line);
  });
}
