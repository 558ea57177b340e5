import { LINE_DETAILS, LIST_FORMATS, type LineDetail, type ListFormat } from "../observe/flows/flow-order.ts";

/** How connections are to be written. */
export interface ListForm {
  readonly format: ListFormat;
  readonly details: readonly LineDetail[];
}

/** Reads a form: a format, or as with conntrack's own -o what is to be added to its lines, with commas in between. */
export function readListForm(text: string): ListForm {
  const words = text.split(",");
  const formats = LIST_FORMATS.filter((format) => words.includes(format));
  const details = LINE_DETAILS.filter((detail) => words.includes(detail));
  const format = formats[0] ?? (details.length > 0 ? "conntrack" : undefined);
  const known = words.every((word) => [...formats, ...details].some((one) => one === word));
  if (!known || format === undefined || formats.length > 1) {
    throw new RangeError(
      `one of ${LIST_FORMATS.join(", ")} is needed, or of ${LINE_DETAILS.join(", ")}, or extended,id`,
    );
  }
  if (details.length > 0 && format !== "conntrack" && format !== "extended") {
    throw new RangeError(`${details.join(", ")} can be added to conntrack and extended; ${format} has what fits`);
  }
  return { format, details };
}
