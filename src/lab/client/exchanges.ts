import { createHash } from "node:crypto";
import { createSocket } from "node:dgram";
import { request as httpRequest } from "node:http";
import { connect } from "node:net";

/** Where an exchange comes from and goes to; dotted addresses. Without `fromPort` the kernel chooses. */
export interface ExchangeEnds {
  readonly from: string;
  readonly fromPort?: number;
  readonly to: string;
  readonly port: number;
  /** After this long without an answer the exchange has failed. Milliseconds; 5,000 if not given. */
  readonly timeoutMs?: number;
}

/** An HTTP GET. */
export interface HttpRequest extends ExchangeEnds {
  readonly path: string;
}

/** What came back from an HTTP GET. */
export interface HttpAnswer {
  readonly status: number;
  readonly bytes: number;
  /** True if the body is what the server's Repr-Digest says; undefined if it says nothing. */
  readonly intact?: boolean;
  /** The beginning of the body, up to 64 KiB. */
  readonly body: string;
  /** The client's own end of the connection. */
  readonly local: { readonly address: string; readonly port: number };
  readonly seconds: number;
}

/** A text sent over TCP or UDP, to be answered. */
export interface TextRequest extends ExchangeEnds {
  readonly text: string;
  /** TCP: end the connection by RST and not by FIN. */
  readonly reset?: boolean;
}

/** The answer, the address and port it came from, and the client's own end. */
export interface TextAnswer {
  readonly text: string;
  readonly remote: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
}

const TIMEOUT_MS = 5000;
const BODY_KEPT = 64 * 1024;

/** GETs a path and reads the whole body, checking its digest. */
export function httpGet(request: HttpRequest): Promise<HttpAnswer> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const outgoing = httpRequest({
      host: request.to,
      port: request.port,
      path: request.path,
      localAddress: request.from,
      ...(request.fromPort === undefined ? {} : { localPort: request.fromPort }),
      agent: false,
      timeout: request.timeoutMs ?? TIMEOUT_MS,
    });
    outgoing.on("timeout", () => outgoing.destroy(timedOut(request)));
    outgoing.on("error", reject);
    outgoing.on("response", (response) => {
      const hash = createHash("sha256");
      const local = { address: response.socket.localAddress ?? "", port: response.socket.localPort ?? 0 };
      let bytes = 0;
      let body = "";
      response.on("data", (chunk: Buffer) => {
        hash.update(chunk);
        bytes += chunk.length;
        if (body.length < BODY_KEPT) body += chunk.toString("latin1", 0, BODY_KEPT - body.length);
      });
      response.on("error", reject);
      response.on("end", () => {
        const digest = response.headers["repr-digest"];
        resolve({
          status: response.statusCode ?? 0,
          bytes,
          ...(digest === undefined ? {} : { intact: digest === `sha-256=:${hash.digest("base64")}:` }),
          body,
          local,
          seconds: (performance.now() - started) / 1000,
        });
      });
    });
    outgoing.end();
  });
}

/** Sends a text over a TCP connection of its own and reads as many bytes back. */
export function tcpExchange(request: TextRequest): Promise<TextAnswer> {
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: request.to,
      port: request.port,
      localAddress: request.from,
      ...(request.fromPort === undefined ? {} : { localPort: request.fromPort }),
    });
    let text = "";
    const wanted = Buffer.byteLength(request.text);
    socket.setTimeout(request.timeoutMs ?? TIMEOUT_MS, () => socket.destroy(timedOut(request)));
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("close", () => {
      reject(new Error(`${request.to}:${request.port} closed the connection before it had answered`));
    });
    socket.on("connect", () => socket.write(request.text));
    socket.on("data", (part: string) => {
      text += part;
      if (Buffer.byteLength(text) < wanted) return;
      resolve({
        text,
        remote: { address: socket.remoteAddress ?? "", port: socket.remotePort ?? 0 },
        local: { address: socket.localAddress ?? "", port: socket.localPort ?? 0 },
      });
      if (request.reset === true) socket.resetAndDestroy();
      else socket.end();
    });
  });
}

/** Sends one datagram and waits for one back, from whomever. */
export function udpExchange(request: TextRequest): Promise<TextAnswer> {
  return new Promise((resolve, reject) => {
    const socket = createSocket("udp4");
    const timer = setTimeout(() => finish(() => reject(timedOut(request))), request.timeoutMs ?? TIMEOUT_MS);
    const finish = (then: () => void) => {
      clearTimeout(timer);
      socket.close();
      then();
    };
    socket.on("error", (error) => finish(() => reject(error)));
    socket.on("message", (data, { address, port }) => {
      const local = socket.address();
      finish(() => {
        resolve({
          text: data.toString("utf8"),
          remote: { address, port },
          local: { address: local.address, port: local.port },
        });
      });
    });
    socket.bind(request.fromPort ?? 0, request.from, () => {
      socket.send(request.text, request.port, request.to, (error) => {
        if (error !== null) finish(() => reject(error));
      });
    });
  });
}

function timedOut(request: ExchangeEnds): Error {
  const seconds = (request.timeoutMs ?? TIMEOUT_MS) / 1000;
  return new Error(`no answer from ${request.to}:${request.port} to ${request.from} within ${seconds} s`);
}
