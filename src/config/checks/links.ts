import { formatIpv4, type Ipv4 } from "../../address/ipv4.ts";
import { broadcast, formatIpv4Prefix, network, prefixContains, type Ipv4Prefix } from "../../address/ipv4-prefix.ts";
import type { DraftGateway } from "../draft.ts";
import { Fault } from "../fault.ts";
import { faultProblem, fileProblem, type FileProblem } from "../file-problem.ts";
import type { Link } from "../gateway.ts";
import type { FilePath } from "../problem.ts";
import { readInterface, readName } from "../values/name.ts";

/** Addresses and next hops of links that cannot be. */
export function* linkProblems(draft: DraftGateway): Generator<FileProblem> {
  const seen = new Map<Ipv4, string>();
  for (const { path, value: link, addressPaths } of draft.links) {
    // Without `interface` the name of the link is that of the interface.
    const fault = link.interface === link.name ? readInterface(link.interface) : undefined;
    if (fault instanceof Fault && !(readName(link.name) instanceof Fault)) yield faultProblem(fault, path, "key");
    let complained: FilePath | undefined;
    for (const [index, prefix] of link.addresses.entries()) {
      const place = addressPaths[index] ?? path;
      const other = seen.get(prefix.address);
      // Of a range that repeats another, its first address says it all.
      if (other !== undefined && place.join() !== complained?.join()) {
        complained = place;
        const message = `${formatIpv4(prefix.address)} is already an address of ${other}`;
        yield fileProblem("duplicate-address", place, message, "write it at one link only");
      }
      seen.set(prefix.address, link.name);
      const role = roleIn(prefix, prefix.address);
      if (role !== undefined) {
        const host = formatIpv4Prefix({ address: network(prefix) + 1, length: prefix.length });
        const message = `${formatIpv4(prefix.address)} is the ${role} address of ${formatIpv4Prefix(networkOf(prefix))}`;
        yield fileProblem(
          "address-is-network",
          place,
          message,
          `write the address of the gateway itself, as in ${host}`,
        );
      }
    }
    if (link.gateway !== undefined) yield* nextHopProblems([...path, "gateway"], link.gateway, link);
  }
  yield* staticRouteProblems(draft);
  yield* memberProblems(draft);
  yield* vlanProblems(draft);
}

/** A member of a bond does nothing else. */
function* memberProblems(draft: DraftGateway): Generator<FileProblem> {
  const bonds = new Map<string, string>();
  for (const { path, value: link } of draft.links) {
    for (const [index, member] of (link.bond?.members ?? []).entries()) {
      const place = [...path, "bond", "members", index];
      const other = bonds.get(member);
      const same = draft.links.find(({ value }) => value.interface === member);
      const carried = draft.links.find(({ value }) => value.vlan?.on === member);
      if (other !== undefined && other !== link.name) {
        const message = `the interface ${member} is already a member of ${other}`;
        yield fileProblem("member-is-link", place, message, "write it at one bond only");
      } else if (same !== undefined) {
        const message = `the member ${member} is the interface of the link ${same.value.name}; a member has no addresses of its own`;
        const fix = `delete that link, or give ${link.name} another interface: bond0`;
        yield fileProblem("member-is-link", place, message, fix);
      } else if (carried !== undefined) {
        const message = `the member ${member} carries the VLAN ${carried.value.name}, which would have to be on the bond`;
        yield fileProblem("member-is-link", place, message, `write on: ${link.name} at ${carried.value.name}`);
      }
      bonds.set(member, link.name);
    }
  }
}

function* vlanProblems(draft: DraftGateway): Generator<FileProblem> {
  const below = new Map(draft.links.map(({ value }) => [value.interface, value.vlan?.on]));
  const seen = new Map<string, string>();
  for (const { path, value: link } of draft.links) {
    if (link.vlan === undefined) continue;
    const { on, id } = link.vlan;
    const other = seen.get(`${on} ${id}`);
    if (other !== undefined) {
      const message = `VLAN ${id} on ${on} is already the link ${other}`;
      yield fileProblem("vlan-on-itself", [...path, "vlan"], message, "write the addresses of both at one link");
    }
    seen.set(`${on} ${id}`, link.name);
    const passed = new Set([link.interface]);
    for (let next: string | undefined = on; next !== undefined; next = below.get(next)) {
      if (!passed.has(next)) {
        passed.add(next);
        continue;
      }
      const message = `the VLAN ${link.name} lies on itself`;
      yield fileProblem("vlan-on-itself", [...path, "vlan", "on"], message, "write the link or interface below it");
      break;
    }
  }
}

function* staticRouteProblems(draft: DraftGateway): Generator<FileProblem> {
  const seen = new Map<string, string>();
  for (const { path, value: link } of draft.links) {
    for (const [index, { to, via, metric = 0 }] of (link.routes ?? []).entries()) {
      const place = [...path, "routes", index];
      if (via !== undefined) yield* nextHopProblems([...place, "via"], via, link);
      if (to.length === 0) {
        const fix = `write gateway: ${via === undefined ? "ADDRESS" : formatIpv4(via)} at the link instead`;
        yield fileProblem("route-is-default", [...place, "to"], "0.0.0.0/0 is the default route", fix);
        continue;
      }
      const shown = formatIpv4Prefix(to);
      const other = seen.get(`${shown} ${metric}`);
      if (other !== undefined) {
        const message = `${shown} has a route by ${other} already, with the same metric`;
        yield fileProblem("duplicate-route", [...place, "to"], message, "delete one, or give it a metric of its own");
      }
      seen.set(`${shown} ${metric}`, link.name);
    }
  }
}

/** A next hop that its link cannot reach. Links that keep the addresses they have are not judged. */
export function* nextHopProblems(path: FilePath, hop: Ipv4, link: Link): Generator<FileProblem> {
  if (link.addresses.length === 0) return;
  const shown = formatIpv4(hop);
  const prefix = link.addresses.find((candidate) => prefixContains(candidate, hop));
  const networks = link.addresses.map((address) => formatIpv4Prefix(networkOf(address))).join(", ");
  if (prefix === undefined) {
    const message = `the next hop ${shown} is not in ${networks}, the network of ${link.name}`;
    yield fileProblem(
      "gateway-unreachable",
      path,
      message,
      "write the router's address in that network, or mend the prefix length",
    );
  } else if (link.addresses.some((own) => own.address === hop)) {
    const message = `the next hop ${shown} is this gateway's own address on ${link.name}`;
    yield fileProblem("gateway-unreachable", path, message, "write the address of the provider's router");
  } else {
    const role = roleIn(prefix, hop);
    if (role === undefined) return;
    const message = `the next hop ${shown} is the ${role} address of ${networks}`;
    yield fileProblem("address-is-network", path, message, "write the address of the provider's router");
  }
}

/** What the address is in the prefix when it is no host: network or broadcast. Prefixes of 31 and 32 have neither (RFC 3021). */
export function roleIn(prefix: Ipv4Prefix, address: Ipv4): "network" | "broadcast" | undefined {
  if (prefix.length > 30) return undefined;
  if (address === network(prefix)) return "network";
  return address === broadcast(prefix) ? "broadcast" : undefined;
}

/** The prefix without its host bits. */
export function networkOf(prefix: Ipv4Prefix): Ipv4Prefix {
  return { address: network(prefix), length: prefix.length };
}
