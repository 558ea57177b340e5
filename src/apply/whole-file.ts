import {
  closeSync,
  fchmodSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
} from "node:fs";

/** Writes a file so that a reader finds the old text or the new, never a part, whatever happens meanwhile. */
export function writeWhole(directory: string, path: string, text: string, mode = 0o644): void {
  mkdirSync(directory, { recursive: true });
  const temporary = `${path}.new`;
  const fd = openSync(temporary, "w", mode);
  try {
    // The mode counts for a file that is made, and a killed process may have left one.
    fchmodSync(fd, mode);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(temporary, path);
  const parent = openSync(directory, "r");
  try {
    fsyncSync(parent);
  } finally {
    closeSync(parent);
  }
}

/** The file's text, undefined if there is none. */
export function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
