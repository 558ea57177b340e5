import { createRequire } from "node:module";
import type koffiModule from "koffi";
import type { LibraryHandle } from "koffi";
import { beyondGate, enter, leave } from "./gate.ts";

type Koffi = typeof koffiModule;

let loaded: Koffi | undefined;

/**
 * The way to foreign functions, loaded when first asked for: it is machine code, and many commands make no call. What
 * may run in a thread uses it beyond the gate only.
 */
export function koffi(): Koffi {
  loaded ??= beyondGate(() => createRequire(import.meta.url)("koffi") as Koffi);
  return loaded;
}

let ownSymbols: LibraryHandle | undefined;

/**
 * A function of the C library by its declaration in C, looked up at the first call.
 * Without a file name koffi searches the process's own symbols, so glibc and musl both do.
 */
export function foreignFunction(declaration: string): (...args: never[]) => unknown {
  let bound: ReturnType<LibraryHandle["func"]> | undefined;
  return (...args: unknown[]): unknown => {
    enter();
    try {
      if (bound === undefined) {
        ownSymbols ??= koffi().load(null);
        bound = ownSymbols.func(declaration);
      }
      return bound(...args) as unknown;
    } finally {
      leave();
    }
  };
}
