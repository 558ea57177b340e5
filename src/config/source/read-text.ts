import { Fault } from "../fault.ts";
import { Lines } from "./lines.ts";

/** The largest gateway file read, in bytes: some 10,000 port forwards. */
export const MAX_FILE_BYTES = 1024 * 1024;

/** A fault of the text as a whole, with where it shows. */
export interface TextFault {
  readonly fault: Fault;
  readonly line: number;
  readonly column: number;
}

// What YAML 1.2 (5.1) calls printable, turned around.
const UNPRINTABLE = /[^\t\n\r\x20-\x7e\x85\u00a0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u;

/** The text of a file without its byte order mark, or why it is no text of a gateway file. */
export function readText(file: string | Uint8Array): string | TextFault {
  const size = typeof file === "string" ? new TextEncoder().encode(file).length : file.length;
  if (size > MAX_FILE_BYTES) {
    return atStart(
      "file-too-large",
      `the file is larger than ${MAX_FILE_BYTES} bytes (1 MiB), the most a gateway file may have`,
      "write subscribers and addresses as ranges or prefixes (from: 10.0.0.0/8), not one by one",
    );
  }
  const decoded = typeof file === "string" ? file : decode(file);
  if (typeof decoded !== "string") return decoded;
  const text = decoded.startsWith("\ufeff") ? decoded.slice(1) : decoded;
  const unprintable = UNPRINTABLE.exec(text);
  if (unprintable !== null) {
    const code = unprintable[0].codePointAt(0) ?? 0;
    return {
      fault: new Fault(
        "file-binary",
        `the file holds the control character U+${code.toString(16).toUpperCase().padStart(4, "0")}; it is no text file`,
        "give the gateway's YAML file, or delete the character",
      ),
      ...new Lines(text).position(unprintable.index),
    };
  }
  return text;
}

function decode(bytes: Uint8Array): string | TextFault {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    return atStart("file-binary", "the file is UTF-16 text", "save it as UTF-8");
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const { line, column } = firstBadByte(bytes);
    const fault = new Fault(
      "file-binary",
      "the file is not UTF-8 text from this place on",
      "save it as UTF-8, or give the gateway's YAML file",
    );
    return { fault, line, column };
  }
}

// A lenient decoder puts U+FFFD where a strict one stops; one the file itself holds is three good bytes.
function firstBadByte(bytes: Uint8Array): { line: number; column: number } {
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  let offset = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0xfffd && !(bytes[offset] === 0xef && bytes[offset + 1] === 0xbf && bytes[offset + 2] === 0xbd)) {
      return new Lines(text).position(at);
    }
    offset += code < 0x80 ? 1 : code < 0x800 ? 2 : code >= 0xd800 && code <= 0xdfff ? 2 : 3;
  }
  return { line: 1, column: 1 };
}

function atStart(code: Fault["code"], message: string, fix: string): TextFault {
  return { fault: new Fault(code, message, fix), line: 1, column: 1 };
}
