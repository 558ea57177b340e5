import { formatIpv4 } from "../../address/ipv4.ts";
import { countAddresses, formatIpv4Range, mergeRanges, rangesContain } from "../../address/ipv4-range.ts";
import { countPorts, formatPortRange } from "../../address/port-range.ts";
import type { DraftGateway } from "../draft.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import type { PortForward } from "../gateway.ts";
import type { FilePath } from "../problem.ts";
import type { Entry } from "../schema/entries.ts";
import { overlaps } from "./overlaps.ts";
import { publicRanges } from "./public-ranges.ts";

/** Port forwards that cannot work, or listen on the same port. */
export function* portForwardProblems(draft: DraftGateway): Generator<FileProblem> {
  const publics = mergeRanges(publicRanges(draft).map((item) => item.range));
  const own = new Set(draft.links.flatMap((link) => link.value.addresses.map((prefix) => prefix.address)));
  // A link that keeps the addresses it has may have any.
  const areAllKnown = draft.isComplete && draft.links.every((link) => link.value.addresses.length > 0);
  for (const { path, value: forward } of draft.portForwards) {
    const { listen, to } = forward;
    yield* portCount(path, forward);
    if (areAllKnown && !own.has(listen.address) && !rangesContain(publics, listen.address)) {
      const message = `no link, pool or static translation has the address ${formatIpv4(listen.address)}`;
      yield fileProblem(
        "listen-unknown",
        [...path, "listen"],
        message,
        "listen on one of the gateway's addresses, or add it to a pool",
      );
    }
    if (to.address === listen.address || (!own.has(to.address) && rangesContain(publics, to.address))) {
      const message = `${formatIpv4(to.address)} is a public address of this gateway, not an inside host`;
      yield fileProblem("forward-to-public", [...path, "to"], message, "write the inside address of the host");
    }
  }
  yield* collisions(draft.portForwards);
}

function* portCount(path: FilePath, forward: PortForward): Generator<FileProblem> {
  const { listen, to } = forward;
  const wanted = countPorts(listen.ports);
  if (to.ports.last > 65535) {
    const message = `${wanted} ports from ${to.ports.first} on would end at ${to.ports.last}, over 65535`;
    yield fileProblem("port-count", [...path, "to"], message, `begin at ${65536 - wanted} or below`);
  } else if (countPorts(to.ports) !== wanted) {
    const message = `${wanted} ports (${formatPortRange(listen.ports)}) listen, but they go to ${countPorts(to.ports)} (${formatPortRange(to.ports)})`;
    const fix = `write only the first port, ${to.ports.first}, or a range of ${wanted}`;
    yield fileProblem("port-count", [...path, "to"], message, fix);
  }
}

function* collisions(forwards: readonly Entry<PortForward>[]): Generator<FileProblem> {
  const groups = new Map<string, { range: { first: number; last: number }; path: FilePath; forward: PortForward }[]>();
  for (const { path, value: forward } of forwards) {
    for (const protocol of forward.protocol.split("+")) {
      const key = `${forward.listen.address}/${protocol}`;
      const group = groups.get(key) ?? [];
      group.push({ range: forward.listen.ports, path, forward });
      groups.set(key, group);
    }
  }
  const reported = new Set<PortForward>();
  for (const { later, earlier } of [...groups.values()].flatMap((group) => overlaps(group))) {
    if (reported.has(later.forward)) continue;
    reported.add(later.forward);
    const { listen } = later.forward;
    const message = `forward ${earlier.forward.name} listens on ${formatIpv4(listen.address)}, port ${formatPortRange(listen.ports)} too`;
    yield fileProblem("forwards-collide", [...later.path, "listen"], message, "listen on another port or address");
  }
}

/** Static translations of unequal size, or of one host twice. */
export function* staticNatProblems(draft: DraftGateway): Generator<FileProblem> {
  for (const { path, value } of draft.staticNat) {
    const outside = countAddresses([value.public]);
    const inside = countAddresses([value.private]);
    if (outside === inside) continue;
    const message = `${outside} public and ${inside} private addresses cannot be translated one to one`;
    yield fileProblem("static-size", [...path, "private"], message, `write ${outside} private addresses`);
  }
  const items = draft.staticNat.map(({ path, value }) => ({ range: value.private, path, value }));
  for (const { later, earlier } of overlaps(items)) {
    const message = `${formatIpv4Range(later.range)} has a static translation already: ${earlier.value.name}`;
    yield fileProblem("private-overlap", [...later.path, "private"], message, "translate each inside host once");
  }
}
