import type { FilePath, Problem } from "../problem.ts";
import { Lines } from "./lines.ts";
import type { LocatedProblem } from "./located-problem.ts";

/** Offsets in the text, end excluded. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

interface Mark {
  readonly value: Span;
  readonly key?: Span;
  readonly isScalar: boolean;
}

/** Where in a file's text each key and value stands. */
export class SourceMap {
  readonly fileName: string;
  readonly #lines: Lines;
  readonly #marks = new Map<string, Mark>();

  constructor(fileName: string, text: string) {
    this.fileName = fileName;
    this.#lines = new Lines(text);
  }

  /** Records where the value at `path`, and its key if it has one, stands. */
  mark(path: FilePath, mark: Mark): void {
    this.#marks.set(pathKey(path), mark);
  }

  /** Gives the problem its place: its own path, or the nearest part of it that the file has. */
  locate(problem: Problem): LocatedProblem {
    return this.locateAt(problem, this.#span(problem));
  }

  /** Gives the problem the place of the span; over several lines, the part on the first. */
  locateAt(problem: Problem, span: Span): LocatedProblem {
    const { line, column } = this.#lines.position(span.start);
    const text = this.#lines.line(line);
    const length = Math.max(1, Math.min(span.end - span.start, text.length - column + 1));
    return { ...problem, file: this.fileName, line, column, length, text };
  }

  #span(problem: Problem): Span {
    for (let depth = problem.path.length; depth >= 0; depth--) {
      const mark = this.#marks.get(pathKey(problem.path.slice(0, depth)));
      if (mark === undefined) continue;
      // A whole map or list makes no readable caret run: its key says as well what is meant.
      const atKey = !mark.isScalar || problem.at === "key";
      return atKey && mark.key !== undefined ? mark.key : mark.value;
    }
    return { start: 0, end: 1 };
  }
}

// No key or index can hold a NUL: text with one is refused before it is read.
function pathKey(path: FilePath): string {
  return path.join("\0");
}
