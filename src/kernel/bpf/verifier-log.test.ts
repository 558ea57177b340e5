import assert from "node:assert/strict";
import { test } from "node:test";
import { tellingLine } from "./verifier-log.ts";

/** As kernel 6.18 writes them. */
const LOGS: readonly [string, string, string | undefined][] = [
  [
    "a packet read without a check of its end",
    `0: R1=ctx() R10=fp0
; void *data = (void *)(long)ctx->data; @ a.bpf.c:5
0: (61) r1 = *(u32 *)(r1 +0)          ; R1=pkt(r=0)
; return *(char *)data; @ a.bpf.c:6
1: (71) r0 = *(u8 *)(r1 +0)
invalid access to packet, off=0 size=1, R1(id=0,off=0,r=0)
R1 offset is outside of the packet
processed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "R1 offset is outside of the packet",
  ],
  [
    "a field that the context does not have",
    `0: R1=ctx() R10=fp0
; int r; asm volatile("%0 = *(u64 *)(%1 + 200)" : "=r"(r) : "r"(ctx)); @ d.bpf.c:5
0: (79) r0 = *(u64 *)(r1 +200)
invalid bpf_context access off=200 size=8
processed 1 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0
`,
    "invalid bpf_context access off=200 size=8",
  ],
  [
    "a loop without an end",
    `3: (04) w1 += 1                       ; R1=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff))
4: (63) *(u32 *)(r10 -4) = r1         ; R1=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff)) R10=fp0
5: (05) goto pc-4
infinite loop detected at insn 2
cur state: R1=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff)) R10=fp0 fp-8=mmmm????
old state: R1=scalar(smin=0,smax=umax=0xffffffff,var_off=(0x0; 0xffffffff)) R10=fp0 fp-8=mmmm????
processed 15 insns (limit 1000000) max_states_per_insn 0 total_states 1 peak_states 1 mark_read 0
`,
    "infinite loop detected at insn 2",
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
