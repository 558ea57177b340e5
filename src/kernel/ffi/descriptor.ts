import { libc } from "./libc.ts";

/** A file descriptor that is closed once, however often it is asked to. */
export class Descriptor {
  readonly #fd: number;
  #open = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  /** The number; throws after `close`, when the kernel may have given it to another file. */
  get fd(): number {
    if (!this.#open) throw new TypeError("the file descriptor is closed");
    return this.#fd;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    libc.close(this.#fd);
  }
}
