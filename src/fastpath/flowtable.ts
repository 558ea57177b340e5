import { listTable, readTableComment, runNft } from "../kernel/nftables.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { quoteInterface, quoteInterfaces } from "../render/name.ts";

const FAMILY = "inet";
const TABLE = "meganat_fastpath";
const HEAD = `table ${FAMILY} ${TABLE}`;

/** How the kernel's flowtable stands. */
export interface FlowtableStatus {
  /** ISO 8601. */
  readonly since: string;
  /** Between these its connections are forwarded: those of its interfaces that are still there. */
  readonly devices: readonly string[];
}

/**
 * The flowtable as nft reads it, in place of one that is there: its connections are the kernel's again until their next
 * packet. In a table of its own, for its interfaces must be there when it is made, and the rules of a gateway are loaded
 * before its bonds are. IPv4 and IPv6.
 */
export function flowtableScript(devices: readonly string[], since: string): string {
  const interfaces = quoteInterfaces(devices);
  const list = devices.map(quoteInterface).join(", ");
  return `${HEAD}
delete ${HEAD}
${HEAD} {
  comment "${since}"

  flowtable established {
    hook ingress priority filter
    devices = { ${list} }
    counter
  }

  # Behind everybody's filters: what they drop is not remembered.
  chain forward {
    type filter hook forward priority filter + 10; policy accept;
    iifname ${interfaces} oifname ${interfaces} meta l4proto { tcp, udp } ct state established flow add @established
  }
}
`;
}

/** Makes the flowtable, or makes it anew. */
export function makeFlowtable(namespace: NamespaceName, devices: readonly string[]): void {
  runNft(namespace, flowtableScript(devices, new Date().toISOString()));
}

/** How the flowtable of the namespace stands; undefined if there is none. */
export function readFlowtable(namespace: NamespaceName): FlowtableStatus | undefined {
  const since = readTableComment(namespace, FAMILY, TABLE);
  if (since === undefined) return undefined;
  const objects = listTable(namespace, FAMILY, TABLE) ?? [];
  const [flowtable] = objects.flatMap((object) => (isListed(object["flowtable"]) ? [object["flowtable"]] : []));
  return { since, devices: [flowtable?.dev ?? []].flat() };
}

/** Takes the flowtable away: its connections are the kernel's from their next packet on. Says whether there was one. */
export function deleteFlowtable(namespace: NamespaceName): boolean {
  if (readTableComment(namespace, FAMILY, TABLE) === undefined) return false;
  runNft(namespace, `delete ${HEAD}\n`);
  return true;
}

/** nft writes one interface as a text, several as a list. */
function isListed(value: unknown): value is { readonly dev?: string | readonly string[] } {
  return typeof value === "object" && value !== null;
}
