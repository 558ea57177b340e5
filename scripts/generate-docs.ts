// Writes the generated part of docs/; with --check it writes nothing and fails when a file is not as it would be.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { commandPages } from "./generate/command-pages.ts";
import { errorPage } from "./generate/error-page.ts";
import { findingsIndex } from "./generate/findings-index.ts";
import { gatewayFilePage } from "./generate/gateway-file-page.ts";
import { gatewaySchemaFile } from "./generate/gateway-schema-file.ts";

const ROOT = new URL("..", import.meta.url);

/** Each gives files by their path below the repository: add a generator here. */
const GENERATORS: readonly (() => ReadonlyMap<string, string> | Promise<ReadonlyMap<string, string>>)[] = [
  () => commandPages(packageVersion()),
  gatewaySchemaFile,
  gatewayFilePage,
  errorPage,
  findingsIndex,
];

const pages = await Promise.all(GENERATORS.map(async (generate) => await generate()));
const files = pages.flatMap((group) => [...group]);
const stale = files.filter(([path, text]) => read(path) !== text);

if (!process.argv.includes("--check")) {
  for (const [path, text] of stale) {
    mkdirSync(new URL(dirname(path), ROOT), { recursive: true });
    writeFileSync(new URL(path, ROOT), text);
  }
  process.stdout.write(`${files.length} generated files, ${stale.length} written\n`);
} else if (stale.length > 0) {
  process.stderr.write(`out of date: ${stale.map(([path]) => path).join(", ")}\n  fix: npm run docs\n`);
  process.exitCode = 1;
} else {
  process.stdout.write(`${files.length} generated files, all up to date\n`);
}

function read(path: string): string | undefined {
  try {
    return readFileSync(new URL(path, ROOT), "utf8");
  } catch {
    return undefined;
  }
}

function packageVersion(): string {
  return (JSON.parse(read("package.json") ?? "{}") as { version: string }).version;
}
