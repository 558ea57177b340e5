import { existsSync, readFileSync } from "node:fs";
import { SourceMap, type SourceMapPayload } from "node:module";
import { dirname, join } from "node:path";

/** A stack with places of the sources in place of those in bundled files, as far as there are source maps. */
export function sourcePlaces(stack: string): string {
  return stack.replace(
    /(?:file:\/\/)?(\/[^\s():]+\.js):(\d+):(\d+)/g,
    (place, file: string, line: string, column: string) => {
      return sourcePlace(file, Number(line), Number(column)) ?? place;
    },
  );
}

function sourcePlace(file: string, line: number, column: number): string | undefined {
  const map = `${file}.map`;
  if (!existsSync(map)) return undefined;
  const entry = new SourceMap(JSON.parse(readFileSync(map, "utf8")) as SourceMapPayload).findEntry(
    line - 1,
    column - 1,
  );
  if (!("originalSource" in entry)) return undefined;
  return `${join(dirname(file), entry.originalSource)}:${entry.originalLine + 1}:${entry.originalColumn + 1}`;
}
