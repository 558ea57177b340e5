import { formatIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { isKernelError } from "../../kernel/error.ts";
import type { LabClient } from "../client/lab-client.ts";
import { ECHO_PORT, HTTP_PORTS } from "../services/service-ports.ts";

/** How real traffic through the gateway fared. */
export interface TrafficReport {
  readonly http: {
    readonly downloads: number;
    /** Downloads whose digest was right. */
    readonly intact: number;
    readonly bytes: number;
    readonly megabitsPerSecond: number;
  };
  readonly udp: { readonly sent: number; readonly answered: number };
  /** Undefined: there is no ping on this machine. */
  readonly ping?: { readonly sent: number; readonly received: number };
}

const DOWNLOAD_BYTES = 5_000_000;
const PINGS = 2;

/** Downloads by HTTP, UDP echo and ping from each of the subscribers, all at once. */
export async function runTraffic(
  client: LabClient,
  subscribers: readonly Ipv4[],
  server: string,
): Promise<TrafficReport> {
  const from = subscribers.map(formatIpv4);
  const started = performance.now();
  const downloads = await Promise.all(
    from.map((address) =>
      attempt(
        client.httpGet({ from: address, to: server, port: HTTP_PORTS[0], path: `/download?bytes=${DOWNLOAD_BYTES}` }),
      ),
    ),
  );
  const seconds = (performance.now() - started) / 1000;
  const echoes = await Promise.all(
    from.map((address) =>
      attempt(client.udpExchange({ from: address, to: server, port: ECHO_PORT, text: `from ${address}` })),
    ),
  );
  const pings = await Promise.all(from.map((address) => pingIfThere(client, address, server)));
  const bytes = downloads.reduce((sum, download) => sum + (download?.bytes ?? 0), 0);
  return {
    http: {
      downloads: from.length,
      intact: downloads.filter((download) => download?.intact === true).length,
      bytes,
      megabitsPerSecond: Math.round((bytes * 8) / seconds / 1e6),
    },
    udp: {
      sent: from.length,
      answered: echoes.filter((echo, index) => echo?.text === `from ${from[index]}`).length,
    },
    ...(pings.includes(undefined)
      ? {}
      : {
          ping: {
            sent: pings.reduce((sum, answer) => sum + (answer?.sent ?? 0), 0),
            received: pings.reduce((sum, answer) => sum + (answer?.received ?? 0), 0),
          },
        }),
  };
}

/** Says whether nothing was lost. */
export function isTrafficWhole({ http, udp, ping }: TrafficReport): boolean {
  return (
    http.intact === http.downloads && udp.answered === udp.sent && (ping === undefined || ping.received === ping.sent)
  );
}

/** No answer is a result here, not a failure of the demo. */
async function attempt<T>(exchange: Promise<T>): Promise<T | undefined> {
  try {
    return await exchange;
  } catch {
    return undefined;
  }
}

async function pingIfThere(client: LabClient, from: string, to: string) {
  try {
    return await client.ping({ from, to, count: PINGS });
  } catch (error) {
    if (isKernelError(error, "program-missing")) return undefined;
    throw error;
  }
}
