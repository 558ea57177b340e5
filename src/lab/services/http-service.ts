import { createHash } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";

/** What /whoami answers: both ends of the connection as the server sees them. */
export interface WhoAmI {
  readonly remote: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
}

/** The largest download; its digest is computed before the first byte. */
export const MOST_DOWNLOAD_BYTES = 2 ** 30;

const PAGE = `<!doctype html>
<html lang="en"><title>MegaNAT lab</title>
<h1>It works</h1>
<p>You reached the lab. <a href="/whoami">Who am I?</a> <a href="/download?bytes=1000000">Download a megabyte.</a></p>
</html>
`;

/** Not all alike, so that a piece lost, doubled or out of place changes the digest. */
const BLOCK = pseudoRandomBytes(64 * 1024 + 1);

const digests = new Map<number, string>();

/** Answers `/`, `/whoami` (JSON) and `/download?bytes=N` (with its SHA-256 in Repr-Digest, RFC 9530). */
export function answerHttp(request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? "/", "http://lab");
  if (url.pathname === "/whoami") {
    send(response, 200, "application/json", `${JSON.stringify(whoAmI(request))}\n`);
  } else if (url.pathname === "/download") {
    download(response, url.searchParams.get("bytes") ?? "1000000");
  } else if (url.pathname === "/") {
    send(response, 200, "text/html; charset=utf-8", PAGE);
  } else {
    send(response, 404, "text/plain; charset=utf-8", "There is /, /whoami and /download?bytes=N.\n");
  }
}

/** The body of a download, block by block. */
export function* downloadBlocks(bytes: number): Generator<Uint8Array> {
  for (let left = bytes; left > 0; left -= BLOCK.length) {
    yield left >= BLOCK.length ? BLOCK : BLOCK.subarray(0, left);
  }
}

/** The value of Repr-Digest for a download. */
export function downloadDigest(bytes: number): string {
  let digest = digests.get(bytes);
  if (digest === undefined) {
    const hash = createHash("sha256");
    for (const block of downloadBlocks(bytes)) hash.update(block);
    digest = `sha-256=:${hash.digest("base64")}:`;
    digests.set(bytes, digest);
  }
  return digest;
}

function whoAmI({ socket }: IncomingMessage): WhoAmI {
  return {
    remote: { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
    local: { address: socket.localAddress ?? "", port: socket.localPort ?? 0 },
  };
}

function download(response: ServerResponse, text: string): void {
  const bytes = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (!(bytes <= MOST_DOWNLOAD_BYTES)) {
    send(response, 400, "text/plain; charset=utf-8", `bytes: a whole number up to ${MOST_DOWNLOAD_BYTES}\n`);
    return;
  }
  response.writeHead(200, {
    "content-type": "application/octet-stream",
    "content-length": bytes,
    "repr-digest": downloadDigest(bytes),
  });
  // A client that hangs up in the middle is no concern of ours.
  pipeline(Readable.from(downloadBlocks(bytes), { objectMode: false }), response, () => undefined);
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { "content-type": type, "content-length": Buffer.byteLength(body) });
  response.end(body);
}

/** xorshift32: the same bytes on every machine. */
function pseudoRandomBytes(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let state = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}
