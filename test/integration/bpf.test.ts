import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { VerifierError } from "../../src/kernel/bpf/error.ts";
import { openLibrary } from "../../src/kernel/bpf/libbpf.ts";
import { LiveFrames } from "../../src/kernel/bpf/live-frames.ts";
import { possibleCpus } from "../../src/kernel/bpf/map.ts";
import { BpfObject, objectPath } from "../../src/kernel/bpf/object.ts";
import { runLiveFrames, XDP_PASS } from "../../src/kernel/bpf/program.ts";
import { attachXdp } from "../../src/kernel/bpf/xdp.ts";
import { isKernelError } from "../../src/kernel/error.ts";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { withCompiled, withoutEbpf } from "../fixtures/ebpf.ts";

const skip = withoutEbpf();

const PROLOGUE = `#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
char _license[] SEC("license") = "GPL";
`;

/** Counts its frames, in all and per processor, and turns the first byte of each over. */
const COUNTING = `${PROLOGUE}
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 1); __type(key, __u32); __type(value, __u32); } words SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, 2); __type(key, __u32); __type(value, __u64); } counters SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); } hash SEC(".maps");
SEC("xdp") int count(struct xdp_md *ctx) {
  unsigned char *data = (void *)(long)ctx->data;
  __u32 one = 1;
  __u64 *value = bpf_map_lookup_elem(&counters, &one);
  if (value) *value += 1;
  if ((void *)(data + 1) > (void *)(long)ctx->data_end) return XDP_ABORTED;
  *data = ~*data;
  return XDP_PASS;
}
SEC("xdp") int drop(struct xdp_md *ctx) {
  __u32 one = 1;
  __u64 *value = bpf_map_lookup_elem(&counters, &one);
  if (value) *value += 1;
  return XDP_DROP;
}
`;

const UNSAFE = `${PROLOGUE}
SEC("xdp") int prog(struct xdp_md *ctx) {
  void *data = (void *)(long)ctx->data;
  return *(char *)data;
}
`;

function uint32(...values: number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from(values).buffer);
}

function ip(...args: string[]): string {
  return execFileSync("ip", args, { encoding: "utf8" });
}

const MOUNTER = [
  process.execPath,
  ...loaderWords(import.meta.url),
  fileURLToPath(ownModule("../fixtures/bpf-mounter", import.meta.url)),
];

test("processes that miss an eBPF file system at the same time mount one, not one above the other", { skip }, () => {
  const together = Date.now() + 1500;
  const ask = `${MOUNTER.map((word) => `'${word}'`).join(" ")} ${together} &`;
  const script = [
    "mounted() { grep -c ' /run/meganat/bpf bpf ' /proc/mounts; }",
    "before=$(mounted)",
    "mount -t tmpfs none /run && mount -t tmpfs none /sys/fs/bpf || exit 1",
    ...new Array<string>(4).fill(ask),
    "wait",
    "echo $(($(mounted) - before))",
  ];
  const said = execFileSync("unshare", ["--mount", "sh", "-c", script.join("\n")], { encoding: "utf8" });
  assert.deepEqual(said.trim().split("\n"), [...new Array<string>(4).fill("/run/meganat/bpf"), "1"]);
});

describe("loading", () => {
  test("a missing library is named with its package", () => {
    assert.throws(
      () => openLibrary("libbpf.so.0.nowhere"),
      (error) =>
        isKernelError(error, "program-missing") &&
        error.message.startsWith("cannot load libbpf.so.0.nowhere: the library is not installed (") &&
        error.remedy.includes("apt-get install libbpf1"),
    );
  });

  test("an object that was not built says how to build it", () => {
    assert.throws(
      () => BpfObject.load(objectPath("nothing")),
      (error) =>
        isKernelError(error, "program-missing") &&
        error.message === "cannot load nothing.bpf.o: the eBPF object was not built" &&
        error.remedy.includes("apt-get install clang libbpf-dev") &&
        error.remedy.includes("scripts/build-bpf.sh"),
    );
  });

  test("a refused program is an error with the line that tells, the log kept", { skip }, () => {
    withCompiled(UNSAFE, (path) => {
      assert.throws(
        () => BpfObject.load(path),
        (error) => {
          assert.ok(error instanceof VerifierError);
          assert.equal(error.code, "kernel-rejected");
          assert.equal(error.kernelSaid, "R1 offset is outside of the packet");
          assert.match(
            error.message,
            /^cannot load eBPF object test\.bpf\.o into the kernel: the kernel's verifier refused it \(R1 /,
          );
          assert.match(error.log, /^0: R1=ctx\(/);
          assert.match(error.log, /invalid access to packet, off=0 size=1/);
          assert.match(error.log, /processed \d+ insns/);
          return true;
        },
      );
    });
  });

  test("what the object does not have is named", { skip }, () => {
    withCompiled(COUNTING, (path) => {
      const object = BpfObject.load(path);
      try {
        assert.throws(() => object.program("nothing"), {
          message: "cannot find program nothing in test.bpf.o: it has no program of that name",
        });
        assert.throws(() => object.map("nothing"), {
          message: "cannot find map nothing in test.bpf.o: it has no map of that name",
        });
      } finally {
        object.close();
      }
      assert.throws(() => object.map("words"), { name: "TypeError", message: "the eBPF object test.bpf.o is closed" });
      assert.throws(() => BpfObject.load(path, { nothing: 3 }), {
        message: "cannot find map nothing in test.bpf.o: it has no map of that name",
      });
    });
  });
});

describe("programs and maps", { skip }, () => {
  let object: BpfObject;
  before(() => {
    object = withCompiled(COUNTING, (path) => BpfObject.load(path, { words: 5 }));
  });
  after(() => object.close());

  test("a map has the size given at loading, and keeps its values", () => {
    const words = object.map("words");
    assert.equal(words.info.maxEntries, 5);
    words.updateAt(4, uint32(99));
    assert.deepEqual(words.lookupAt(4), Buffer.from(uint32(99)));
    assert.equal(words.lookupAt(5), undefined);
    assert.throws(
      () => words.updateAt(5, uint32(1)),
      (error) => isKernelError(error, "kernel-rejected"),
    );
    words.updateAll(uint32(10, 11, 12, 13, 14));
    assert.deepEqual(words.lookupAll(), Buffer.from(uint32(10, 11, 12, 13, 14)));
  });

  test("keys and values of the wrong size never reach the kernel", () => {
    const words = object.map("words");
    assert.throws(() => words.updateAt(0, new Uint8Array(3)), {
      name: "RangeError",
      message: "map words: a value has 4 bytes, not 3",
    });
    assert.throws(() => words.lookup(new Uint8Array(5)), {
      name: "RangeError",
      message: "map words: a key has 4 bytes, not 5",
    });
    assert.throws(() => words.updateAll(new Uint8Array(4)), { name: "RangeError" });
  });

  test("a hash map gives its keys", () => {
    const hash = object.map("hash");
    assert.deepEqual([...hash.keys()], []);
    for (const key of [3, 1, 2]) hash.update(uint32(key), new Uint8Array(BigUint64Array.of(BigInt(key * 10)).buffer));
    const keys = [...hash.keys()].map((key) => key.readUInt32LE());
    assert.deepEqual(
      keys.toSorted((a, b) => a - b),
      [1, 2, 3],
    );
    assert.equal(hash.lookup(uint32(2))?.readBigUInt64LE(), 20n);
    assert.equal(hash.lookup(uint32(9)), undefined);
  });

  test("a program runs on a copy of a frame", () => {
    const frame = new Uint8Array(64).fill(0x0f);
    const result = object.program("count").testRun(frame);
    assert.equal(result.verdict, XDP_PASS);
    assert.equal(result.frame.length, 64);
    assert.deepEqual([...result.frame.subarray(0, 2)], [0xf0, 0x0f]);
    assert.equal(frame[0], 0x0f);
  });

  test("a counter per processor is read as their sum", () => {
    const counters = object.map("counters");
    counters.updateAt(1, new Uint8Array(8 * possibleCpus()));
    assert.equal(counters.sumAt(1), 0);
    assert.equal(counters.lookupAt(1)?.length, 8 * possibleCpus());
    for (let run = 0; run < 3; run++) object.program("count").testRun(new Uint8Array(64));
    assert.equal(counters.sumAt(1), 3);
    counters.updateAt(1, new Uint8Array(BigUint64Array.from({ length: possibleCpus() }, () => 5n).buffer));
    assert.equal(counters.sumAt(1), 5 * possibleCpus());
  });

  test("live frames run as often as asked, in this thread and in one of their own", async () => {
    const counters = object.map("counters");
    counters.updateAt(1, new Uint8Array(8 * possibleCpus()));
    assert.equal(runLiveFrames(object.program("drop").fd, new Uint8Array(64), 1000), true);
    assert.equal(counters.sumAt(1), 1000);
    const frames = await LiveFrames.start(undefined, object.program("drop"), new Uint8Array(64));
    try {
      assert.equal(await frames.run(500), true);
      assert.equal(counters.sumAt(1), 1500);
      const second = frames.run(100);
      await assert.rejects(frames.run(1), { name: "TypeError", message: "a slice of live frames is under way" });
      await second;
    } finally {
      await frames.close();
    }
  });

  test("a thread that cannot enter its namespace says so in our words", async () => {
    const frames = await LiveFrames.start("mnbpf-nowhere", object.program("drop"), new Uint8Array(64));
    try {
      await assert.rejects(
        frames.run(1),
        (error) => isKernelError(error, "kernel-not-found") && error.tried.includes("network namespace mnbpf-nowhere"),
      );
    } finally {
      await frames.close();
    }
  });
});

describe("XDP attachment", { skip }, () => {
  const namespace = `mnbpf-${process.pid}`;
  let object: BpfObject;
  before(() => {
    ip("netns", "add", namespace);
    ip("-n", namespace, "link", "add", "v0", "type", "veth", "peer", "name", "v1");
    object = withCompiled(COUNTING, (path) => BpfObject.load(path));
  });
  after(() => {
    object.close();
    ip("netns", "delete", namespace);
  });

  function attachedProgram(): boolean {
    return ip("-n", namespace, "link", "show", "v0").includes("prog/xdp");
  }

  test("is there until it is closed", () => {
    const attachment = attachXdp(namespace, "v0", object.program("count"));
    assert.equal(attachedProgram(), true);
    attachment.close();
    assert.equal(attachedProgram(), false);
    attachment.close();
  });

  test("does not replace another program", () => {
    const attachment = attachXdp(namespace, "v0", object.program("count"));
    try {
      assert.throws(
        () => attachXdp(namespace, "v0", object.program("drop")),
        (error) =>
          isKernelError(error, "kernel-busy") &&
          error.message ===
            `cannot attach XDP program drop to v0 in ${namespace}: another XDP program is attached to it` &&
          error.remedy.includes("ip link set dev v0 xdp off"),
      );
    } finally {
      attachment.close();
    }
  });

  test("names an interface that is not there", () => {
    assert.throws(
      () => attachXdp(namespace, "v9", object.program("count")),
      (error) =>
        isKernelError(error, "kernel-not-found") &&
        error.message === `cannot attach XDP program count to v9 in ${namespace}: there is no such interface`,
    );
  });
});
