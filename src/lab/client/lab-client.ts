import { Socket } from "node:net";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { startLabProgram, type ChildProcess } from "../child.ts";
import type { HttpAnswer, HttpRequest, TextAnswer, TextRequest } from "./exchanges.ts";
import { ping, type PingAnswer, type PingRequest } from "./ping.ts";

/** What goes to the client's process, one a line. */
export type ClientRequest =
  | { readonly id: number; readonly kind: "http"; readonly request: HttpRequest }
  | { readonly id: number; readonly kind: "tcp" | "udp"; readonly request: TextRequest };

/** What comes back from it, one a line. */
export interface ClientReply {
  readonly id: number;
  readonly answer?: unknown;
  readonly error?: string;
}

/** Speaks from inside a lab's namespace, from any address that the namespace owns; a process there does the work. */
export interface LabClient {
  httpGet(request: HttpRequest): Promise<HttpAnswer>;
  /** To a TCP echo service: gives the text back when all of it has come. */
  tcpExchange(request: TextRequest): Promise<TextAnswer>;
  /** To a UDP echo service; the text `whoami` is answered with both ends as JSON. */
  udpExchange(request: TextRequest): Promise<TextAnswer>;
  ping(request: PingRequest): Promise<PingAnswer>;
  close(): void;
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

/** Starts a client in a namespace. Close it when done; a lab taken down ends its clients too. */
export async function openLabClient(namespace: string): Promise<LabClient> {
  const child = await startLabProgram(namespace, "client/client-main", null, { stdin: "pipe", stdout: "pipe" });
  const { stdin, stdout } = pipesOf(child);
  const waiting = new Map<number, Waiting>();
  let next = 0;
  // Only a request under way keeps our process alive, not an idle client.
  const hold = () => (waiting.size === 0 ? unrefPipe(stdout) : refPipe(stdout));

  createInterface({ input: stdout }).on("line", (line) => {
    const reply = JSON.parse(line) as ClientReply;
    const request = waiting.get(reply.id);
    waiting.delete(reply.id);
    hold();
    if (reply.error === undefined) request?.resolve(reply.answer);
    else request?.reject(new Error(reply.error));
  });
  child.on("exit", () => {
    for (const request of waiting.values()) request.reject(new Error(`the lab's client in ${namespace} has ended`));
    waiting.clear();
  });
  stdin.on("error", () => undefined);
  unrefPipe(stdin);
  hold();

  const send = (kind: ClientRequest["kind"], request: HttpRequest | TextRequest): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const id = next++;
      waiting.set(id, { resolve, reject });
      hold();
      if (child.exitCode !== null || child.signalCode !== null) {
        waiting.delete(id);
        reject(new Error(`the lab's client in ${namespace} has ended`));
        return;
      }
      stdin.write(`${JSON.stringify({ id, kind, request })}\n`);
    });
  return {
    httpGet: (request) => send("http", request) as Promise<HttpAnswer>,
    tcpExchange: (request) => send("tcp", request) as Promise<TextAnswer>,
    udpExchange: (request) => send("udp", request) as Promise<TextAnswer>,
    ping: (request) => ping(namespace, request),
    close: () => {
      stdin.end();
    },
  };
}

function pipesOf({ stdin, stdout }: ChildProcess): { stdin: Writable; stdout: Readable } {
  if (stdin === null || stdout === null) throw new TypeError("the client was started without pipes");
  return { stdin, stdout };
}

/** The pipes of a child are sockets, which can let go of the event loop; their types do not say so. */
function unrefPipe(pipe: Readable | Writable): void {
  if (pipe instanceof Socket) pipe.unref();
}

function refPipe(pipe: Readable | Writable): void {
  if (pipe instanceof Socket) pipe.ref();
}
