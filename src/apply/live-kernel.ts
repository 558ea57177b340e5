import { formatIpv4 } from "../address/ipv4.ts";
import { probeAddresses } from "../kernel/arp-probe.ts";
import { hasFeature } from "../kernel/features.ts";
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
import { addBond, setBond, setMaster, type BondInfo } from "../kernel/route/bond.ts";
import { deleteLink, listLinks, setLinkMtu, setLinkUp } from "../kernel/route/link.ts";
import { addProxyNeighbour, listProxyNeighbours, removeProxyNeighbour } from "../kernel/route/neighbour.ts";
import { isWithdrawn, restoreTable, withdrawTable } from "../kernel/route/withdrawal.ts";
import { addPolicyRule, listPolicyRules, removePolicyRule } from "../kernel/route/policy-rule.ts";
import { addVlan } from "../kernel/route/vlan.ts";
import { addRoute, listRoutes, removeRoute, type RouteInfo } from "../kernel/route/route.ts";
import { isSysctlWritable, readSysctl, writeSysctl } from "../kernel/sysctl.ts";
import { listRootQueues } from "../kernel/traffic/read-shaper.ts";
import { addShaper, listClasses, removeShaper, setClasses, type ShaperPlace } from "../kernel/traffic/shaper.ts";
import { REST_CLASS } from "../plan/limits/class-numbers.ts";
import { QUEUE_HANDLE } from "../render/limits/shaping.ts";
import { listTcpPeers } from "../kernel/tcp-peers.ts";
import type { BondOptionSettings, DeviceSetting } from "../render/desired-state.ts";
import type { Live, LiveLink, LiveRoute, Session } from "./live.ts";
import { isObject } from "./nft-element.ts";

const FAMILY = "ip";
const TABLE = "meganat";
const SSH_PORT = 22;
/** Milliseconds between two looks. */
const CARRIER_LOOK = 50;

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

    links: () => liveLinks(namespace),
    setLinkUp: (name, up) => setLinkUp(namespace, name, up),
    setLinkMtu: (name, mtu) => setLinkMtu(namespace, name, mtu),
    canMake: (kind) => hasFeature(kind === "bond" ? "bonding" : kind),
    addDevice: (setting) => addDevice(namespace, setting),
    removeDevice: (name) => deleteLink(namespace, name),
    setBond: (name, options) => setBond(namespace, name, options),
    setMaster: (name, master) => setMaster(namespace, name, master),
    sessions: () => sessionsIn(namespace),
    awaitCarrier: (names, milliseconds) => awaitCarrier(namespace, names, milliseconds),
    addressHolders: (settings) => probeAddresses(namespace, settings),
    addresses: () =>
      listAddresses(namespace).map(({ interface: device, address, length }) => ({
        interface: device,
        address: formatIpv4(address),
        length,
      })),
    addAddress: (setting) => addAddress(namespace, setting),
    removeAddress: (setting) => removeAddress(namespace, setting),
    routes: (table) => liveRoutes(listRoutes(namespace, { table })),
    routesBy: (device) => liveRoutes(listRoutes(namespace).filter((route) => route.interface === device)),
    addRoute: (setting) => addRoute(namespace, setting),
    removeRoute: (setting) => removeRoute(namespace, setting),
    policyRules: () =>
      listPolicyRules(namespace).flatMap(({ lookup, to, incoming, inverted, ...rule }) =>
        lookup && to === undefined && incoming === undefined && inverted === undefined ? [rule] : [],
      ),
    addPolicyRule: (setting) => addPolicyRule(namespace, setting),
    removePolicyRule: (setting) => removePolicyRule(namespace, setting),
    isWithdrawn: (table) => isWithdrawn(namespace, table),
    withdrawUplink: (table) => withdrawTable(namespace, table),
    restoreUplink: (table) => restoreTable(namespace, table),
    proxyNeighbours: () => listProxyNeighbours(namespace),
    addProxyNeighbour: (setting) => addProxyNeighbour(namespace, setting),
    removeProxyNeighbour: (setting) => removeProxyNeighbour(namespace, setting),
    queues: () => listRootQueues(namespace),
    classes: (device) => listClasses(namespace, shaperAt(device)),
    addShaping: (device) => addShaper(namespace, shaperAt(device), REST_CLASS),
    removeShaping: (device) => removeShaper(namespace, shaperAt(device)),
    setClasses: (device, numbers, wanted) =>
      setClasses(namespace, shaperAt(device), numbers, wanted, hasFeature("fq-codel")),
  };
}

function shaperAt(device: string): ShaperPlace {
  return { interface: device, handle: QUEUE_HANDLE };
}

function liveLinks(namespace: NamespaceName): LiveLink[] {
  const links = listLinks(namespace);
  const names = new Map(links.map(({ index, name }) => [index, name]));
  return links.map(({ name, up, mtu, carrier, kind, master, bond, vlan }) => {
    const masterName = master === undefined ? undefined : names.get(master);
    return {
      name,
      up,
      mtu,
      carrier,
      ...(kind === undefined ? {} : { kind }),
      ...(masterName === undefined ? {} : { master: masterName }),
      ...(bond === undefined ? {} : { bond: bondOptions(bond, names) }),
      ...(vlan === undefined ? {} : { vlan: { on: names.get(vlan.on) ?? `index ${vlan.on}`, id: vlan.id } }),
    };
  });
}

/** Of the process itself by what sshd told it; of others by their connections to ssh's port. */
function sessionsIn(namespace: NamespaceName): Session[] {
  const own = /^(\S+) \d+ (\S+) (\d+)$/.exec(process.env["SSH_CONNECTION"] ?? "");
  const ports = new Set([SSH_PORT, ...(own?.[3] === undefined ? [] : [Number(own[3])])]);
  const sessions = listTcpPeers(namespace, ports).map(({ local, peer }) => ({ local, peer }));
  if (own !== null) sessions.push({ local: own[2] ?? "", peer: own[1] ?? "" });
  const seen = new Set<string>();
  return sessions.filter(({ local, peer }) => !seen.has(`${local} ${peer}`) && seen.add(`${local} ${peer}`));
}

function awaitCarrier(namespace: NamespaceName, names: readonly string[], milliseconds: number): string[] {
  const end = Date.now() + milliseconds;
  for (;;) {
    const connected = new Set(listLinks(namespace).flatMap(({ name, carrier }) => (carrier ? [name] : [])));
    const without = names.filter((name) => !connected.has(name));
    if (without.length === 0 || Date.now() >= end) return without;
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, CARRIER_LOOK);
  }
}

function bondOptions({ primaryIndex, ...options }: BondInfo, names: ReadonlyMap<number, string>): BondOptionSettings {
  return { ...options, primary: names.get(primaryIndex) ?? "" };
}

function addDevice(namespace: NamespaceName, { interface: device, bond, vlan }: DeviceSetting): void {
  if (vlan !== undefined) {
    addVlan(namespace, device, vlan.on, vlan.id);
    return;
  }
  addBond(namespace, device, bond ?? {});
}

function liveRoutes(routes: readonly RouteInfo[]): LiveRoute[] {
  return routes
    .filter(({ type }) => type === "unicast")
    .map((route) => ({
      destination: route.destination,
      table: route.table,
      ...(route.interface === undefined ? {} : { interface: route.interface }),
      ...(route.via === undefined ? {} : { via: route.via }),
      metric: route.metric ?? 0,
      protocol: route.protocol,
    }));
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
