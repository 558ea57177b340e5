import { readFileSync } from "node:fs";

/** A function of the kernel that an address lies in. */
export interface KernelSymbol {
  readonly name: string;
  /** Bytes from the start of the function. */
  readonly offset: number;
}

/**
 * Kernel addresses all begin with ffff: without it they fit into a number exactly. Others (per-processor offsets) are
 * no code.
 */
const KERNEL_HALF = 0xffff_0000_0000_0000n;

/** What is further than this from the last known start is code without a name: an eBPF program that is not listed. */
const LONGEST_FUNCTION = 1 << 20;

/** The kernel's functions by address; eBPF programs are among them, as `bpf_prog_TAG_NAME`. */
export class SymbolTable {
  readonly #addresses: Float64Array;
  readonly #names: readonly string[];

  private constructor(addresses: Float64Array, names: readonly string[]) {
    this.#addresses = addresses;
    this.#names = names;
  }

  /** Reads the text of /proc/kallsyms: `ffffffff81000000 T _stext`, a module's name in brackets after it. */
  static parse(text: string): SymbolTable {
    const found: { address: number; name: string }[] = [];
    for (let at = 0; at < text.length;) {
      const end = lineEnd(text, at);
      if (text.startsWith("ffff", at) && "tTwW".includes(text.charAt(at + 17))) {
        // Only within the line: most have no tab, and the next one may be megabytes away.
        const [name = ""] = text.slice(at + 19, end).split("\t", 1);
        found.push({ address: Number.parseInt(text.slice(at + 4, at + 16), 16), name });
      }
      at = end + 1;
    }
    found.sort((a, b) => a.address - b.address);
    return new SymbolTable(
      Float64Array.from(found, ({ address }) => address),
      found.map(({ name }) => name),
    );
  }

  /** Empty when the kernel hides its addresses, which it then gives as zeros. */
  get size(): number {
    return this.#names.length;
  }

  /** The function the address lies in; undefined for addresses outside the kernel, and if addresses are hidden. */
  find(address: bigint): KernelSymbol | undefined {
    if (address < KERNEL_HALF) return undefined;
    const wanted = Number(address - KERNEL_HALF);
    let [low, high] = [0, this.#addresses.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#addresses[middle] ?? 0) <= wanted) low = middle + 1;
      else high = middle;
    }
    let index = low - 1;
    const start = this.#addresses[index];
    if (start === undefined || wanted - start > LONGEST_FUNCTION) return undefined;
    // Of several names for one place the first is the oldest.
    while (index > 0 && this.#addresses[index - 1] === start) index -= 1;
    return { name: this.#names[index] ?? "", offset: wanted - start };
  }
}

/** Reads the kernel's symbols once; an empty table if they are hidden from this process. */
export function readKernelSymbols(): SymbolTable {
  try {
    return SymbolTable.parse(readFileSync("/proc/kallsyms", "latin1"));
  } catch {
    return SymbolTable.parse("");
  }
}

/** Why the table is empty, for people. */
export function whySymbolsAreHidden(): string {
  return "the kernel hides its addresses (kernel.kptr_restrict, or no CAP_SYSLOG here): functions have no names";
}

function lineEnd(text: string, from: number): number {
  const end = text.indexOf("\n", from);
  return end === -1 ? text.length : end;
}
