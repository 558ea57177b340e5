import { formatIpv4 } from "../../address/ipv4.ts";
import { formatIpv4Range } from "../../address/ipv4-range.ts";
import type { DraftGateway } from "../draft.ts";
import { quote } from "../fault.ts";
import { fileProblem, type FileProblem } from "../file-problem.ts";
import { overlaps } from "./overlaps.ts";

/** Subscribers in two groups, two groups of a name, and ports that cannot be kept for the gateway. */
export function* limitProblems(draft: DraftGateway): Generator<FileProblem> {
  const groups = draft.limits?.groups ?? [];
  const names = new Set<string>();
  for (const [index, { name }] of groups.entries()) {
    if (names.has(name)) {
      const message = `a second group is named ${quote(name)}`;
      yield fileProblem("duplicate-name", ["limits", "groups", index, "name"], message, "give it another name");
    }
    names.add(name);
  }
  const members = groups.flatMap((group, index) =>
    group.members.map((range, at) => ({ range, name: group.name, path: ["limits", "groups", index, "members", at] })),
  );
  for (const { later, earlier } of overlaps(members)) {
    const [one, other] = [formatIpv4Range(later.range), formatIpv4Range(earlier.range)];
    const message = `${one} of group ${later.name} and ${other} of group ${earlier.name} share addresses`;
    yield fileProblem("groups-overlap", later.path, message, "put each subscriber into one group");
  }
  yield* managementPorts(draft);
}

/** Only at an address of a link: what listens elsewhere is nobody's way to the gateway. */
function* managementPorts({ limits, links, portForwards }: DraftGateway): Generator<FileProblem> {
  const own = new Set(links.flatMap(({ value }) => value.addresses.map(({ address }) => address)));
  for (const port of limits?.managementPorts ?? []) {
    const taken = portForwards.find(
      ({ value: { listen, protocol } }) =>
        protocol !== "udp" && own.has(listen.address) && listen.ports.first <= port && port <= listen.ports.last,
    );
    if (taken === undefined) continue;
    const where = `${formatIpv4(taken.value.listen.address)}:${port}`;
    const message = `port ${port} is kept for the gateway itself, and the forward ${taken.value.name} takes ${where} to an inside host`;
    const fix =
      "let the forward listen on another port or on an address of a pool, or take the port out of the reserve";
    yield fileProblem("management-port-forwarded", ["limits", "reserve", "management-ports"], message, fix);
  }
}
