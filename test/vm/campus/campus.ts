import { PassThrough } from "node:stream";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { loaderWords, ownModule } from "../../../src/kernel/own-module.ts";
import type { Machine } from "../../../scripts/vm/machine.ts";

const FAR_SIDE = fileURLToPath(new URL("far-side.sh", import.meta.url));
const CONNECTIONS = fileURLToPath(ownModule("./connections", import.meta.url));
/** The built command, as the guest sees it. */
const MEGANAT = fileURLToPath(new URL("../../../bin/meganat", import.meta.url));
/** A server on the internet, beyond the provider's router. */
export const SERVER = "203.0.113.10";

/** The words of a command of MegaNAT in the guest. */
export function meganat(...words: string[]): string[] {
  return [process.execPath, MEGANAT, ...words];
}

/** Makes a boot of the guest bring up what its cables lead to, before any interface of the gateway is configured. */
export async function plugIn(machine: Machine): Promise<void> {
  await machine.shell(`cat >/etc/systemd/system/far-side.service <<UNIT
[Unit]
DefaultDependencies=no
Before=network-pre.target meganat-rules.service meganat.service
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh ${FAR_SIDE}
[Install]
WantedBy=sysinit.target
UNIT
systemctl enable far-side`);
}

/** A link as `ip -json -details address show` has it. */
interface ShownLink {
  readonly operstate: string;
  readonly master?: string;
  readonly linkinfo?: { readonly info_data?: { readonly mode?: string; readonly miimon?: number } };
  readonly addr_info: readonly { readonly family: string; readonly local: string; readonly prefixlen: number }[];
}

/** A link of the gateway with its addresses; undefined if there is none of the name. */
export async function shownLink(machine: Machine, name: string): Promise<ShownLink | undefined> {
  const { out } = await machine.run(["ip", "-json", "-details", "address", "show"]);
  const links = JSON.parse(out) as (ShownLink & { readonly ifname: string })[];
  return links.find(({ ifname }) => ifname === name);
}

/** Its addresses of IPv4, `a.b.c.d/len`. */
export async function addressesOf(machine: Machine, name: string): Promise<string[]> {
  const link = await shownLink(machine, name);
  const addresses = (link?.addr_info ?? []).filter(({ family }) => family === "inet");
  return addresses.map(({ local, prefixlen }) => `${local}/${prefixlen}`);
}

/** The pool of the campus from the third address of its network to the last, each `a.b.c.d/32`. */
export const POOL: readonly string[] = Array.from({ length: 28 }, (_, index) => `61.138.177.${index + 3}/32`);

/** What became of the held connections since the question before. */
export interface Exchange {
  readonly answers: number;
  /** Milliseconds: the longest time any of them was without an answer. */
  readonly longestGap: number;
  /** Of how many none came at all, and how many are closed. */
  readonly silent: number;
  readonly lost: number;
}

/** Connections from a host of the campus to the server, in use all the time. */
export interface HeldConnections {
  account(): Promise<Exchange>;
  close(): Promise<void>;
}

/** Opens them, each at the first try, or throws. */
export async function holdConnections(machine: Machine, count: number): Promise<HeldConnections> {
  const stop = new AbortController();
  const within = (namespace: string, ...words: string[]): string[] => [
    "ip",
    "netns",
    "exec",
    namespace,
    process.execPath,
    ...loaderWords(import.meta.url),
    CONNECTIONS,
    ...words,
  ];
  const server = spoken(machine, within("outside", "serve", SERVER, "7777"), stop.signal);
  await server.next();
  const client = spoken(machine, within("inside", "hold", SERVER, "7777", String(count)), stop.signal);
  await client.next();
  return {
    account: async () => {
      client.say("\n");
      return JSON.parse(await client.next()) as Exchange;
    },
    close: async () => {
      stop.abort();
      await Promise.allSettled([server.ended, client.ended]);
    },
  };
}

/** A program of the guest with which lines are exchanged. */
function spoken(machine: Machine, command: string[], signal: AbortSignal) {
  const input = new PassThrough();
  const output = new PassThrough();
  const ended = machine.run(command, { input, signal, out: (bytes) => void output.write(bytes) });
  const lines = createInterface({ input: output })[Symbol.asyncIterator]();
  const died = ended.then(({ status, ended: by, err }) => {
    throw new Error(`in the guest, ${command.join(" ")}\nended with ${by ?? status}\n${err}`);
  });
  died.catch(() => {});
  return {
    ended,
    say: (text: string): void => void input.write(text),
    next: async (): Promise<string> => {
      const line = await Promise.race([lines.next(), died]);
      return String(line.value);
    },
  };
}
