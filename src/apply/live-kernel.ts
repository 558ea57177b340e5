import { formatIpv4 } from "../address/ipv4.ts";
import { readNamespaceIdentity } from "../kernel/namespace-identity.ts";
import { loadModule } from "../kernel/module.ts";
import { isHostNamespace, type NamespaceName } from "../kernel/namespace.ts";
import { listTableText } from "../kernel/nftables-text.ts";
import {
  checkNft,
  listRuleset,
  listTable,
  readGeneration,
  readTableComment,
  runNft,
  type NftObject,
} from "../kernel/nftables.ts";
import { addAddress, listAddresses, removeAddress } from "../kernel/route/address.ts";
import { listLinks, setLinkMtu, setLinkUp } from "../kernel/route/link.ts";
import { addProxyNeighbour, listProxyNeighbours, removeProxyNeighbour } from "../kernel/route/neighbour.ts";
import { addPolicyRule, listPolicyRules, removePolicyRule } from "../kernel/route/policy-rule.ts";
import { addRoute, listRoutes, removeRoute } from "../kernel/route/route.ts";
import { isSysctlWritable, readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import type { Live } from "./live.ts";
import { isObject } from "./nft-element.ts";

const FAMILY = "ip";
const TABLE = "meganat";

/** The kernel itself, in a namespace. */
export function kernelOf(namespace: NamespaceName): Live {
  return {
    identity: () => readNamespaceIdentity(namespace),
    isHost: () => isHostNamespace(namespace),

    generation: () => readGeneration(namespace),
    tableComment: () => readTableComment(namespace, FAMILY, TABLE),
    listTable: (terse) => (terse ? listTerse(namespace) : listTable(namespace, FAMILY, TABLE)),
    tableText: () => listTableText(namespace, FAMILY, TABLE),
    listRuleset: () => listRuleset(namespace, { terse: true }),
    checkNft: (script) => checkNft(namespace, script),
    runNft: (script) => runNft(namespace, script),

    loadConntrack: () => {
      // What comes of it shows in the sysctls.
      loadModule("nf_conntrack");
    },
    readSysctl: (name) => readSysctl(namespace, name),
    isSysctlWritable: (name) => isSysctlWritable(namespace, name),
    writeSysctl: (name, value) => writeSysctl(namespace, name, value),

    links: () => listLinks(namespace),
    setLinkUp: (name, up) => setLinkUp(namespace, name, up),
    setLinkMtu: (name, mtu) => setLinkMtu(namespace, name, mtu),
    addresses: () =>
      listAddresses(namespace).map(({ interface: device, address, length }) => ({
        interface: device,
        address: formatIpv4(address),
        length,
      })),
    addAddress: (setting) => addAddress(namespace, setting),
    removeAddress: (setting) => removeAddress(namespace, setting),
    routes: (table) =>
      listRoutes(namespace, { table })
        .filter(({ type }) => type === "unicast")
        .map((route) => ({
          destination: route.destination,
          table: route.table,
          ...(route.interface === undefined ? {} : { interface: route.interface }),
          ...(route.via === undefined ? {} : { via: route.via }),
          metric: route.metric ?? 0,
        })),
    addRoute: (setting) => addRoute(namespace, setting),
    removeRoute: (setting) => removeRoute(namespace, setting),
    policyRules: () =>
      listPolicyRules(namespace).flatMap((rule) => {
        const { mark, mask, table, priority, lookup } = rule;
        const onlyMark = rule.from === undefined && rule.to === undefined && rule.incoming === undefined;
        return lookup && onlyMark && mark !== undefined ? [{ mark, mask: mask ?? 0xffffffff, table, priority }] : [];
      }),
    addPolicyRule: (setting) => addPolicyRule(namespace, setting),
    removePolicyRule: (setting) => removePolicyRule(namespace, setting),
    proxyNeighbours: () => listProxyNeighbours(namespace),
    addProxyNeighbour: (setting) => addProxyNeighbour(namespace, setting),
    removeProxyNeighbour: (setting) => removeProxyNeighbour(namespace, setting),
  };
}

/**
 * nft 1.0.6 fetches all elements for `nft -t list table` and then leaves them out: 1 s for 100,000, where
 * `nft -t list ruleset` takes 10 ms.
 */
function listTerse(namespace: NamespaceName): NftObject[] | undefined {
  const ours = listRuleset(namespace, { terse: true }).filter((object) =>
    Object.entries(object).some(([kind, value]) => {
      if (!isObject(value) || value["family"] !== FAMILY) return false;
      return value[kind === "table" ? "name" : "table"] === TABLE;
    }),
  );
  return ours.length === 0 ? undefined : ours;
}
