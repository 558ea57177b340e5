// Writes docs/reference/ebpf-programs.md: what the verifiers of this kernel and of the virtual machine's make of our
// eBPF programs. With --json: prints what this kernel makes of them.
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ebpfPage, ebpfPagePath } from "../test/fixtures/ebpf-table.ts";
import { verifyAll, type KernelVerdict } from "../test/fixtures/ebpf-programs.ts";
import { Machine } from "./vm/machine.ts";

if (process.argv.includes("--json")) {
  process.stdout.write(JSON.stringify(verifyAll()));
} else {
  const machine = await Machine.boot();
  try {
    const words = [process.execPath, "--import", "tsx", fileURLToPath(import.meta.url), "--json"];
    const { status, out, err } = await machine.run(words);
    if (status !== 0) throw new Error(`in the virtual machine: ${err}`);
    const verdicts = [JSON.parse(out) as KernelVerdict, verifyAll()];
    for (const { kernel, refusals } of verdicts) {
      for (const { object, refused } of refusals) process.stderr.write(`Linux ${kernel}: ${object}: ${refused}\n`);
    }
    writeFileSync(ebpfPagePath, ebpfPage(verdicts));
  } finally {
    await machine.close();
  }
}
