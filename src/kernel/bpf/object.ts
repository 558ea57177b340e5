import { existsSync } from "node:fs";
import { constants as os } from "node:os";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { KernelError } from "../error.ts";
import { lastErrno } from "../ffi/errno.ts";
import { addressOf } from "../ffi/libc.ts";
import { bpfError, VerifierError } from "./error.ts";
import { libbpf, type Pointer } from "./libbpf.ts";
import { BpfMap } from "./map.ts";
import { BpfProgram } from "./program.ts";

/** Enough for the whole log of a program near the verifier's limit of a million instructions, at log level 1. */
const LOG_BYTES = 16 << 20;

/** Sizes known only now, by the map's name in the C program. */
export type MapSizes = Readonly<Record<string, number>>;

/** What the C program leaves open until it is loaded. */
export interface LoadOptions {
  readonly sizes?: MapSizes;
  /** Its `const volatile` variables, as the bytes they are in memory: the verifier takes them for constants. */
  readonly constants?: Uint8Array;
}

/** The object file of `bpf/NAME.bpf.c`; the same from src/ and from dist/. */
export function objectPath(name: string): string {
  return fileURLToPath(new URL(`../../../dist/bpf/${name}.bpf.o`, import.meta.url));
}

/** An eBPF object file in the kernel: its programs and maps, until `close`. */
export class BpfObject {
  readonly #object: Pointer;
  readonly #path: string;
  #open = true;

  private constructor(object: Pointer, path: string) {
    this.#object = object;
    this.#path = path;
  }

  /**
   * Loads an object file.
   * Throws `program-missing` if libbpf is not installed or the object was not built, VerifierError if the kernel
   * refuses a program, `kernel-permission`, `kernel-not-found` if the object has no map of a name in `sizes`.
   */
  static load(path: string, sizes: MapSizes = {}, constants?: Uint8Array): BpfObject {
    const library = libbpf();
    if (!existsSync(path)) throw notBuilt(path);
    const open: LoadOptions = constants === undefined ? { sizes } : { sizes, constants };
    let object = openWith(path, open);
    let result = library.bpf_object__load(object);
    if (result < 0) {
      // Once more with the log, which costs 16 MB and time: only when there is something to read in it.
      library.bpf_object__close(object);
      const log = Buffer.alloc(LOG_BYTES);
      object = openWith(path, open, log);
      result = library.bpf_object__load(object);
      if (result < 0) {
        library.bpf_object__close(object);
        throw loadError(path, result, log.toString("latin1", 0, Math.max(0, log.indexOf(0))));
      }
    }
    return new BpfObject(object, path);
  }

  /** Throws `kernel-not-found` if the object has none of that name. */
  program(name: string): BpfProgram {
    const program = libbpf().bpf_object__find_program_by_name(this.#handle(), name);
    if (program === null) throw notFound("program", name, this.#path);
    return new BpfProgram(name, libbpf().bpf_program__fd(program));
  }

  /** All of its programs, those without the kernel's number (not loaded on purpose) left out. */
  programs(): BpfProgram[] {
    const library = libbpf();
    const programs: BpfProgram[] = [];
    let next = library.bpf_object__next_program(this.#handle(), null);
    for (; next !== null; next = library.bpf_object__next_program(this.#handle(), next)) {
      const fd = library.bpf_program__fd(next);
      if (fd >= 0) programs.push(new BpfProgram(library.bpf_program__name(next), fd));
    }
    return programs;
  }

  /** Throws `kernel-not-found` if the object has none of that name. */
  map(name: string): BpfMap {
    return mapOf(findMap(this.#handle(), name, this.#path), name);
  }

  /** The variables of one of the object's sections, `.data` or `.bss`, as an array map of one element. */
  variables(section: ".data" | ".bss"): BpfMap {
    return mapOf(findSection(this.#handle(), section, this.#path), section);
  }

  /** Gives programs and maps back to the kernel, which keeps what is still attached. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    libbpf().bpf_object__close(this.#object);
  }

  #handle(): Pointer {
    if (!this.#open) throw new TypeError(`the eBPF object ${basename(this.#path)} is closed`);
    return this.#object;
  }
}

function openWith(path: string, { sizes = {}, constants }: LoadOptions, log?: Buffer): Pointer {
  const library = libbpf();
  const options =
    log === undefined
      ? null
      : { sz: libbpf().openOptionsSize, kernel_log_buf: addressOf(log), kernel_log_size: log.length };
  const object = library.bpf_object__open_file(path, options);
  if (object === null) throw bpfError(`open eBPF object ${path}`, -lastErrno());
  try {
    for (const [name, entries] of Object.entries(sizes)) {
      const result = library.bpf_map__set_max_entries(findMap(object, name, path), entries);
      if (result < 0) throw bpfError(`give map ${name} of ${basename(path)} ${entries} entries`, result);
    }
    if (constants !== undefined) {
      const section = findSection(object, ".rodata", path);
      const result = library.bpf_map__set_initial_value(section, constants, constants.length);
      if (result < 0) throw bpfError(`set the constants of ${basename(path)}`, result);
    }
  } catch (error) {
    library.bpf_object__close(object);
    throw error;
  }
  return object;
}

function mapOf(map: Pointer, name: string): BpfMap {
  const library = libbpf();
  return new BpfMap({
    name,
    fd: library.bpf_map__fd(map),
    type: library.bpf_map__type(map),
    keySize: library.bpf_map__key_size(map),
    valueSize: library.bpf_map__value_size(map),
    maxEntries: library.bpf_map__max_entries(map),
  });
}

/** libbpf names the maps of a section after the object file, cut to what the kernel allows. */
function findSection(object: Pointer, section: string, path: string): Pointer {
  const library = libbpf();
  let map = library.bpf_object__next_map(object, null);
  while (map !== null) {
    if (library.bpf_map__name(map).endsWith(section)) return map;
    map = library.bpf_object__next_map(object, map);
  }
  throw notFound("map", section, path);
}

function findMap(object: Pointer, name: string, path: string): Pointer {
  const map = libbpf().bpf_object__find_map_by_name(object, name);
  if (map === null) throw notFound("map", name, path);
  return map;
}

function loadError(path: string, result: number, log: string): KernelError {
  const tried = `load eBPF object ${basename(path)} into the kernel`;
  // Without permission the kernel says so before it verifies anything; a signal ends the verifying, and libbpf has tried
  // some times.
  if (log === "" || -result === os.errno.EAGAIN) return bpfError(tried, result);
  return new VerifierError(-result, log, {
    tried,
    remedy: "this kernel's verifier does not accept the program: `meganat features` names what the kernel lacks",
  });
}

function notBuilt(path: string): KernelError {
  return new KernelError("program-missing", "the eBPF object was not built", {
    tried: `load ${basename(path)}`,
    errno: 0,
    remedy:
      "install clang and the headers of libbpf and the kernel (Debian: `apt-get install clang libbpf-dev linux-libc-dev`), then run `sh scripts/build-bpf.sh`, which names what is missing",
  });
}

function notFound(kind: "program" | "map", name: string, path: string): KernelError {
  return new KernelError("kernel-not-found", `it has no ${kind} of that name`, {
    tried: `find ${kind} ${name} in ${basename(path)}`,
    errno: 0,
    remedy: "the object is older than the program: run `sh scripts/build-bpf.sh`",
  });
}
