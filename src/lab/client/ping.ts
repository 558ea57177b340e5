import { KernelError } from "../../kernel/error.ts";
import { spawnInNamespace } from "../../kernel/namespace.ts";

/** ICMP echo requests, by the ping of iputils. */
export interface PingRequest {
  readonly from: string;
  readonly to: string;
  /** How many; 1 if not given. */
  readonly count?: number;
  /** Bytes after the ICMP header; 56 if not given. */
  readonly size?: number;
  /** Forbid fragments, so that a narrow link must answer "fragmentation needed". */
  readonly dontFragment?: boolean;
}

/** How the requests fared. */
export interface PingAnswer {
  readonly sent: number;
  readonly received: number;
  /** What ping printed: errors that came back by ICMP are named in it. */
  readonly output: string;
}

/** Pings from a namespace. Throws `program-missing` if there is no ping. */
export function ping(namespace: string, request: PingRequest): Promise<PingAnswer> {
  const count = request.count ?? 1;
  const args = [
    "-n",
    "-c",
    String(count),
    "-i",
    "0.2",
    "-W",
    "2",
    "-s",
    String(request.size ?? 56),
    "-I",
    request.from,
  ];
  if (request.dontFragment === true) args.push("-M", "do");
  const child = spawnInNamespace(namespace, "ping", [...args, request.to], { stdio: ["ignore", "pipe", "pipe"] });
  return new Promise((resolve, reject) => {
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8");
      stream?.on("data", (text: string) => {
        output += text;
      });
    }
    child.on("error", () => {
      reject(
        new KernelError("program-missing", "it is not installed", {
          tried: "run ping",
          errno: 0,
          remedy: "install iputils-ping (Debian: `apt-get install iputils-ping`)",
        }),
      );
    });
    child.on("close", () => {
      resolve({ ...countPings(output), output: output.trim() });
    });
  });
}

/** Reads the summary line of iputils and busybox; a ping that could not start has sent nothing. */
export function countPings(output: string): { readonly sent: number; readonly received: number } {
  const summary = /(\d+) packets transmitted, (\d+) (?:packets )?received/.exec(output);
  return { sent: Number(summary?.[1] ?? 0), received: Number(summary?.[2] ?? 0) };
}
