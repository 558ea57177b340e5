import { extname } from "node:path";

/**
 * The file of one of our own modules, given without its extension and relative to `base` (`import.meta.url` of the
 * caller): in a build a .js file, in a checkout a .ts file.
 */
export function ownModule(module: string, base: string): URL {
  return new URL(module + extname(base), base);
}

/** Words for Node.js that make it run modules such as `base` (`import.meta.url` of the caller): sources need tsx. */
export function loaderWords(base: string): readonly string[] {
  return extname(base) === ".ts" ? ["--import", import.meta.resolve("tsx")] : [];
}
