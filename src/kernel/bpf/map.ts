import { constants } from "node:os";
import { Descriptor } from "../ffi/descriptor.ts";
import { HOST_LITTLE_ENDIAN } from "../netlink/header.ts";
import { checkBpf } from "./error.ts";
import { libbpf } from "./libbpf.ts";

/** Map types with a value for each processor: enum bpf_map_type in linux/bpf.h. */
const PER_CPU_TYPES = new Set([5, 6, 10, 21]);

/** struct bpf_map_info (include/uapi/linux/bpf.h): type, id, key_size, value_size, max_entries, map_flags, name. */
const MAP_INFO_BYTES = 40;
const MAP_INFO_NAME = 24;
const MAP_NAME_BYTES = 16;

/** What the kernel knows of a map. */
export interface BpfMapInfo {
  readonly name: string;
  readonly fd: number;
  /** enum bpf_map_type. */
  readonly type: number;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
}

/** An eBPF map. Keys and values are the bytes of the C structures, integers in the machine's byte order. */
export class BpfMap {
  readonly info: BpfMapInfo;
  /** Bytes a lookup gives: for a map with a value per processor each is padded to 8 bytes. */
  readonly #lookupSize: number;

  constructor(info: BpfMapInfo) {
    this.info = info;
    this.#lookupSize = PER_CPU_TYPES.has(info.type) ? possibleCpus() * paddedSize(info.valueSize) : info.valueSize;
  }

  /** The map behind an open file descriptor, which stays the caller's. */
  static of(fd: number): BpfMap {
    const info = new DataView(new ArrayBuffer(MAP_INFO_BYTES));
    const length = new Uint8Array(Uint32Array.of(MAP_INFO_BYTES).buffer);
    checkBpf(libbpf().bpf_obj_get_info_by_fd(fd, new Uint8Array(info.buffer), length), "ask what map it is");
    const at = (offset: number): number => info.getUint32(offset, HOST_LITTLE_ENDIAN);
    const name = Buffer.from(info.buffer, MAP_INFO_NAME, MAP_NAME_BYTES);
    return new BpfMap({
      name: name.toString("latin1", 0, Math.max(0, name.indexOf(0))),
      fd,
      type: at(0),
      keySize: at(8),
      valueSize: at(12),
      maxEntries: at(16),
    });
  }

  /** Sets a value; for a map with a value per processor, those of all processors one after the other. */
  update(key: Uint8Array, value: Uint8Array): void {
    this.#checkSize("key", key, this.info.keySize);
    this.#checkSize("value", value, this.#lookupSize);
    checkBpf(libbpf().bpf_map_update_elem(this.info.fd, key, value, 0), `write to map ${this.info.name}`);
  }

  /** The value's bytes, or undefined if the map has no such key. */
  lookup(key: Uint8Array): Buffer | undefined {
    const value = Buffer.alloc(this.#lookupSize);
    return this.lookupInto(key, value) ? value : undefined;
  }

  /** As `lookup`, into memory the caller uses again; says whether the key is there. */
  lookupInto(key: Uint8Array, value: Uint8Array): boolean {
    this.#checkSize("key", key, this.info.keySize);
    this.#checkSize("value", value, this.#lookupSize);
    const result = libbpf().bpf_map_lookup_elem(this.info.fd, key, value);
    if (result === -constants.errno.ENOENT) return false;
    checkBpf(result, `read map ${this.info.name}`);
    return true;
  }

  /** Sets the element at an index of an array map. */
  updateAt(index: number, value: Uint8Array): void {
    this.update(indexKey(index), value);
  }

  /** The element at an index of an array map, or undefined past its end. */
  lookupAt(index: number): Buffer | undefined {
    return this.lookup(indexKey(index));
  }

  /** Sets all elements of an array map in one call; `values` holds them one after the other. */
  updateAll(values: Uint8Array): void {
    const { maxEntries, valueSize } = this.info;
    this.#checkSize("set of values", values, maxEntries * valueSize);
    this.updateRange(0, values);
  }

  /** Sets the elements of an array map from index `first` in one call; `values` holds them one after the other. */
  updateRange(first: number, values: Uint8Array): void {
    const { fd, name, valueSize } = this.info;
    const elements = Math.floor(values.length / valueSize);
    this.#checkSize("set of values", values, elements * valueSize);
    const keys = Uint32Array.from({ length: elements }, (_, at) => first + at);
    const count = new Uint8Array(Uint32Array.of(elements).buffer);
    const result = libbpf().bpf_map_update_batch(fd, new Uint8Array(keys.buffer), values, count, null);
    checkBpf(result, `write to map ${name}`);
  }

  /** All elements of an array map, one after the other. */
  lookupAll(): Buffer {
    const { fd, name, maxEntries, valueSize } = this.info;
    const values = Buffer.alloc(maxEntries * valueSize);
    const keys = new Uint8Array(maxEntries * 4);
    const count = new Uint8Array(Uint32Array.of(maxEntries).buffer);
    const result = libbpf().bpf_map_lookup_batch(fd, null, new Uint8Array(8), keys, values, count, null);
    // ENOENT says that the end was reached, which it was.
    if (result !== -constants.errno.ENOENT) checkBpf(result, `read map ${name}`);
    return values;
  }

  /** The sum over all processors of 64-bit counters in a per-processor array. */
  sumAt(index: number): number {
    const values = this.lookupAt(index);
    let sum = 0n;
    if (values === undefined) return 0;
    for (const value of new BigUint64Array(values.buffer, values.byteOffset, values.length / 8)) sum += value;
    return Number(sum);
  }

  /** Takes the oldest element out of a queue map; says whether there was one. */
  popInto(value: Uint8Array): boolean {
    this.#checkSize("value", value, this.#lookupSize);
    const result = libbpf().bpf_map_lookup_and_delete_elem(this.info.fd, null, value);
    if (result === -constants.errno.ENOENT) return false;
    checkBpf(result, `take from map ${this.info.name}`);
    return true;
  }

  /** All keys, in the kernel's order; a key removed meanwhile may make the walk begin again. */
  *keys(): Generator<Buffer> {
    const library = libbpf();
    let key: Buffer | null = null;
    for (;;) {
      const next: Buffer = Buffer.alloc(this.info.keySize);
      const result = library.bpf_map_get_next_key(this.info.fd, key, next);
      if (result === -constants.errno.ENOENT) return;
      checkBpf(result, `read the keys of map ${this.info.name}`);
      yield next;
      key = next;
    }
  }

  #checkSize(what: string, bytes: Uint8Array, size: number): void {
    // The kernel would read or write past the end of our memory.
    if (bytes.length !== size) {
      throw new RangeError(`map ${this.info.name}: a ${what} has ${size} bytes, not ${bytes.length}`);
    }
  }
}

/** BPF_MAP_TYPE_ARRAY. */
const ARRAY = 2;

/** Makes an array map that belongs to no program yet, of zeros; `valueSize` in bytes. */
export function createArrayMap(name: string, valueSize: number, maxEntries: number): Descriptor {
  const fd = libbpf().bpf_map_create(ARRAY, name, Uint32Array.BYTES_PER_ELEMENT, valueSize, maxEntries, null);
  return new Descriptor(checkBpf(fd, `make map ${name} of ${maxEntries} times ${valueSize} bytes`));
}

/** How many processors the machine may ever have, which is how many values a per-processor map holds. */
export function possibleCpus(): number {
  return checkBpf(libbpf().libbpf_num_possible_cpus(), "count the possible processors");
}

function indexKey(index: number): Uint8Array {
  return new Uint8Array(Uint32Array.of(index).buffer);
}

function paddedSize(size: number): number {
  return Math.ceil(size / 8) * 8;
}
