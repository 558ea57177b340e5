import type { LibraryHandle } from "koffi";
import { KernelError } from "../error.ts";
import { beyondGate } from "../ffi/gate.ts";
import { koffi } from "../ffi/koffi.ts";
import type { Memory } from "../ffi/libc.ts";

/** A pointer of the C library; 0 is NULL. */
export type Pointer = bigint;

const LIBRARY = "libbpf.so.1";

/** Of `bpf_test_run_opts`, the fields used here; the rest is 0. Pointers by `addressOf`. */
export interface TestRunOptions {
  sz: number;
  data_in: Pointer;
  data_out: Pointer;
  data_size_in: number;
  data_size_out: number;
  ctx_in: Pointer;
  ctx_size_in: number;
  retval: number;
  repeat: number;
  duration: number;
  flags: number;
  batch_size: number;
}

/** Of `bpf_object_open_opts`, the fields used here; the rest is 0. */
export interface ObjectOpenOptions {
  sz: number;
  kernel_log_buf: Pointer;
  kernel_log_size: number;
}

/** What libbpf expects in the `sz` of its option structures: their size tells it which fields the caller knows. */
function declareOptions() {
  const objectOpenOptions = koffi().struct("bpf_object_open_opts", {
    sz: "size_t",
    object_name: "void *",
    relaxed_maps: "bool",
    pin_root_path: "void *",
    attach_prog_fd: "uint32_t",
    kconfig: "void *",
    btf_custom_path: "void *",
    kernel_log_buf: "void *",
    kernel_log_size: "size_t",
    kernel_log_level: "uint32_t",
  });

  const testRunOptions = koffi().struct("bpf_test_run_opts", {
    sz: "size_t",
    data_in: "void *",
    data_out: "void *",
    data_size_in: "uint32_t",
    data_size_out: "uint32_t",
    ctx_in: "void *",
    ctx_out: "void *",
    ctx_size_in: "uint32_t",
    ctx_size_out: "uint32_t",
    retval: "uint32_t",
    repeat: "int",
    duration: "uint32_t",
    flags: "uint32_t",
    cpu: "uint32_t",
    batch_size: "uint32_t",
  });
  return { openOptionsSize: koffi().sizeof(objectOpenOptions), testRunOptionsSize: koffi().sizeof(testRunOptions) };
}

function declare(library: LibraryHandle) {
  function func<F extends (...args: never[]) => unknown>(definition: string): F {
    const bound: (...args: never[]) => unknown = library.func(definition);
    return ((...args) => beyondGate(() => bound(...args))) as F;
  }
  return {
    ...declareOptions(),
    libbpf_set_print: func<(print: null) => Pointer>("void *libbpf_set_print(void *)"),
    libbpf_num_possible_cpus: func<() => number>("int libbpf_num_possible_cpus()"),
    bpf_object__open_file: func<(path: string, options: ObjectOpenOptions | null) => Pointer | null>(
      "void *bpf_object__open_file(const char *, bpf_object_open_opts *)",
    ),
    bpf_object__load: func<(object: Pointer) => number>("int bpf_object__load(void *)"),
    bpf_object__close: func<(object: Pointer) => void>("void bpf_object__close(void *)"),
    bpf_object__find_program_by_name: func<(object: Pointer, name: string) => Pointer | null>(
      "void *bpf_object__find_program_by_name(void *, const char *)",
    ),
    bpf_object__find_map_by_name: func<(object: Pointer, name: string) => Pointer | null>(
      "void *bpf_object__find_map_by_name(void *, const char *)",
    ),
    bpf_object__next_program: func<(object: Pointer, previous: Pointer | null) => Pointer | null>(
      "void *bpf_object__next_program(void *, void *)",
    ),
    bpf_program__name: func<(program: Pointer) => string>("const char *bpf_program__name(void *)"),
    bpf_program__fd: func<(program: Pointer) => number>("int bpf_program__fd(void *)"),
    bpf_map__fd: func<(map: Pointer) => number>("int bpf_map__fd(void *)"),
    bpf_map__type: func<(map: Pointer) => number>("int bpf_map__type(void *)"),
    bpf_map__key_size: func<(map: Pointer) => number>("uint32_t bpf_map__key_size(void *)"),
    bpf_map__value_size: func<(map: Pointer) => number>("uint32_t bpf_map__value_size(void *)"),
    bpf_map__max_entries: func<(map: Pointer) => number>("uint32_t bpf_map__max_entries(void *)"),
    bpf_map__set_max_entries: func<(map: Pointer, entries: number) => number>(
      "int bpf_map__set_max_entries(void *, uint32_t)",
    ),
    bpf_object__next_map: func<(object: Pointer, before: Pointer | null) => Pointer | null>(
      "void *bpf_object__next_map(void *, void *)",
    ),
    bpf_map__name: func<(map: Pointer) => string>("const char *bpf_map__name(void *)"),
    bpf_map__set_initial_value: func<(map: Pointer, data: Memory, size: number) => number>(
      "int bpf_map__set_initial_value(void *, void *, size_t)",
    ),
    bpf_map_update_elem: func<(fd: number, key: Memory, value: Memory, flags: number) => number>(
      "int bpf_map_update_elem(int, void *, void *, uint64_t)",
    ),
    bpf_map_lookup_elem: func<(fd: number, key: Memory, value: Memory) => number>(
      "int bpf_map_lookup_elem(int, void *, void *)",
    ),
    bpf_map_get_next_key: func<(fd: number, key: Memory, next: Memory) => number>(
      "int bpf_map_get_next_key(int, void *, void *)",
    ),
    bpf_map_create: func<
      (type: number, name: string, keySize: number, valueSize: number, maxEntries: number, options: null) => number
    >("int bpf_map_create(int, const char *, uint32_t, uint32_t, uint32_t, void *)"),
    bpf_map_update_batch: func<(fd: number, keys: Memory, values: Memory, count: Memory, options: null) => number>(
      "int bpf_map_update_batch(int, void *, void *, void *, void *)",
    ),
    bpf_map_lookup_batch: func<
      (fd: number, from: null, to: Memory, keys: Memory, values: Memory, count: Memory, options: null) => number
    >("int bpf_map_lookup_batch(int, void *, void *, void *, void *, void *, void *)"),
    bpf_map_lookup_and_delete_elem: func<(fd: number, key: Memory, value: Memory) => number>(
      "int bpf_map_lookup_and_delete_elem(int, void *, void *)",
    ),
    bpf_obj_get_info_by_fd: func<(fd: number, info: Memory, length: Memory) => number>(
      "int bpf_obj_get_info_by_fd(int, void *, void *)",
    ),
    libbpf_bpf_prog_type_str: func<(type: number) => string | null>("const char *libbpf_bpf_prog_type_str(int)"),
    bpf_enable_stats: func<(type: number) => number>("int bpf_enable_stats(int)"),
    bpf_raw_tracepoint_open: func<(name: string, program: number) => number>(
      "int bpf_raw_tracepoint_open(const char *, int)",
    ),
    bpf_prog_test_run_opts: func<(fd: number, options: TestRunOptions) => number>(
      "int bpf_prog_test_run_opts(int, _Inout_ bpf_test_run_opts *)",
    ),
    bpf_prog_get_fd_by_id: func<(id: number) => number>("int bpf_prog_get_fd_by_id(uint32_t)"),
    bpf_obj_pin: func<(fd: number, path: string) => number>("int bpf_obj_pin(int, const char *)"),
    bpf_obj_get: func<(path: string) => number>("int bpf_obj_get(const char *)"),
    bpf_tc_hook_create: func<(hook: Memory) => number>("int bpf_tc_hook_create(void *)"),
    bpf_tc_attach: func<(hook: Memory, options: Memory) => number>("int bpf_tc_attach(void *, void *)"),
    bpf_tc_detach: func<(hook: Memory, options: Memory) => number>("int bpf_tc_detach(void *, void *)"),
    bpf_prog_query: func<
      (target: number, type: number, query: number, flags: null, ids: Memory, count: Memory) => number
    >("int bpf_prog_query(int, int, uint32_t, void *, void *, void *)"),
    bpf_link_create: func<(program: number, target: number, type: number, options: Memory) => number>(
      "int bpf_link_create(int, int, int, void *)",
    ),
  };
}

let loaded: ReturnType<typeof declare> | undefined;

/**
 * The functions of libbpf 1.x that are used here, loaded at the first call. All that return a number return a negative
 * errno on failure. Throws `program-missing` if the library is not installed.
 */
export function libbpf(): ReturnType<typeof declare> {
  if (loaded === undefined) {
    loaded = beyondGate(() => declare(openLibrary(LIBRARY)));
    // Otherwise it writes to our standard error; what it would say is in the errors we throw.
    loaded.libbpf_set_print(null);
  }
  return loaded;
}

/** Opens a shared library of libbpf's interface; its own function so that a missing one can be shown. */
export function openLibrary(name: string): LibraryHandle {
  try {
    return koffi().load(name);
  } catch (error) {
    throw new KernelError("program-missing", "the library is not installed", {
      tried: `load ${name}`,
      errno: 0,
      ...(error instanceof Error ? { kernelSaid: error.message } : {}),
      remedy: "install libbpf 1.0 or newer (Debian: `apt-get install libbpf1`; Fedora, Arch, Alpine: package libbpf)",
    });
  }
}
