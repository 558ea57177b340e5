import { createHash } from "node:crypto";

// What nft's lexer takes in a name after a letter, less "/" and "\\"; the longest we write is far below the kernel's 255.
const CLEAN = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,39}$/;
const LOOKS_HASHED = /-[0-9a-f]{8}$/;

/**
 * An nft identifier for something of the gateway file: the prefix (which keeps it from being a keyword such as
 * `fwd`), then the name. A name nft cannot hold is made legible and told apart by a hash of the whole, so that the
 * identifier depends on this name alone and two names never share one.
 */
export function identifier(prefix: string, name: string): string {
  if (CLEAN.test(name) && !LOOKS_HASHED.test(name)) return prefix + name;
  const legible = name
    .replaceAll(/[^A-Za-z0-9_.]+/g, "-")
    .replaceAll(/^[-.]+|[-.]+$/g, "")
    .slice(0, 30);
  return `${prefix}${legible}-${createHash("sha256").update(name).digest("hex").slice(0, 8)}`;
}

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** A comment nft accepts: quotes and control characters replaced, cut to `bytes` of UTF-8 (the kernel's limit is 128). */
export function commentText(text: string, bytes = 120): string {
  const plain = text.replaceAll('"', "'").replaceAll(/\p{C}/gu, " ");
  const encoded = ENCODER.encode(plain);
  if (encoded.length <= bytes) return plain;
  // A character cut in the middle becomes U+FFFD, which is dropped.
  return DECODER.decode(encoded.subarray(0, bytes)).replace(/\ufffd$/, "");
}

/**
 * An interface name as nft reads it, in quotes; throws RangeError for a name nft has no way to write.
 * A `*` at the end would match every interface that begins so, hence the backslash.
 */
export function quoteInterface(name: string): string {
  if (/["\\\s]|^$/.test(name)) throw new RangeError(`nft cannot express the interface name ${JSON.stringify(name)}`);
  return `"${name.replace(/\*$/, "\\*")}"`;
}

/** One name, or an anonymous set of them: `"wan"`, `{ "wan", "wan2" }`. */
export function quoteInterfaces(names: readonly string[]): string {
  const quoted = [...new Set(names)].map(quoteInterface);
  return quoted.length === 1 ? quoted.join("") : `{ ${quoted.join(", ")} }`;
}
