import type { Gateway } from "../config/gateway.ts";
import { formatCount, formatNoun } from "./figures.ts";
import type { HostFacts } from "./host-facts.ts";
import type { NeighbourPlan, SysctlProposal, TablePlan } from "./plan.ts";
import { planProblem, type PlanProblem } from "./problem.ts";

/** What the host lacks, or does not let us change from the namespace at hand. */
export function hostProblems(
  gateway: Gateway,
  facts: HostFacts,
  table: TablePlan,
  neighbours: NeighbourPlan,
  sysctls: readonly SysctlProposal[],
): PlanProblem[] {
  const locked = sysctls.filter((proposal) => !proposal.writable);
  return [
    ...missingInterfaces(gateway, facts),
    ...missingKinds(gateway, facts),
    ...(facts.isHostNamespace ? readOnly(locked) : hostLimits(table, neighbours, locked)),
  ];
}

function* missingInterfaces(gateway: Gateway, facts: HostFacts): Generator<PlanProblem> {
  const made = new Set(gateway.links.filter(({ bond, vlan }) => bond ?? vlan).map((link) => link.interface));
  for (const link of gateway.links) {
    const members = (link.bond?.members ?? []).map((name) => ({ name, what: `a member of bond ${link.name}` }));
    const ground = link.vlan === undefined ? [] : [{ name: link.vlan.on, what: `which carries VLAN ${link.name}` }];
    const own = made.has(link.interface) ? [] : [{ name: link.interface, what: `link ${link.name}` }];
    for (const { name, what } of [...members, ...ground, ...own]) {
      if (facts.interfaces.includes(name) || made.has(name)) continue;
      const others = facts.interfaces.filter((other) => other !== "lo");
      const more = others.length > 8 ? ", ..." : "";
      yield planProblem(
        "interface-missing",
        "warning",
        ["links", link.name],
        `This host has no interface ${name} (${what}).`,
        others.length === 0
          ? "Create the interface before applying the file."
          : `Create it before applying the file, or name another${link.bond === undefined ? " with interface" : ""}: ${others.slice(0, 8).join(", ")}${more}.`,
      );
    }
  }
}

const KINDS = {
  bond: {
    code: "kernel-without-bonding",
    what: "bonding",
    fix: "Load it (modprobe bonding), or run a kernel that has it (CONFIG_BONDING), as the stock ones of distributions do; until then name one interface instead of the bond.",
  },
  vlan: {
    code: "kernel-without-vlan",
    what: "VLANs",
    fix: "Load them (modprobe 8021q), or run a kernel that has them (CONFIG_VLAN_8021Q), as the stock ones of distributions do.",
  },
} as const;

function* missingKinds({ links }: Gateway, { interfaces, cannotMake = [] }: HostFacts): Generator<PlanProblem> {
  for (const kind of cannotMake) {
    const { code, what, fix } = KINDS[kind];
    for (const link of links) {
      if (link[kind] === undefined || interfaces.includes(link.interface)) continue;
      yield planProblem(
        code,
        "warning",
        ["links", link.name],
        `This kernel has no ${what}: apply leaves ${link.interface} out, with all that is on it.`,
        fix,
      );
    }
  }
}

/** A command for the administrator of the host; the settings are not ours to write. */
function commands(proposals: readonly SysctlProposal[]): string {
  const settings = proposals.map(({ name, proposed }) => `${name}=${proposed}`).join(" ");
  return `In the host's first namespace: sysctl -w ${settings}`;
}

function* hostLimits(
  table: TablePlan,
  neighbours: NeighbourPlan,
  locked: readonly SysctlProposal[],
): Generator<PlanProblem> {
  const limit = locked.filter(({ name, scope }) => scope === "host" && name.startsWith("net.netfilter."));
  if (limit.length > 0) {
    const now = table.limitNow === undefined ? "the host's" : `the host's, ${formatCount(table.limitNow)}`;
    yield planProblem(
      "limit-is-hosts",
      "warning",
      ["capacity"],
      `The limit of connections is ${now}: those of this namespace are counted by themselves and compared with it. The file needs ${formatCount(table.required)}.`,
      commands(limit),
    );
  }
  const thresholds = locked.filter(({ name }) => name.startsWith("net.ipv4.neigh.default.gc_thresh"));
  if (thresholds.length > 0) {
    yield planProblem(
      "neighbours-are-hosts",
      "warning",
      ["links"],
      `${formatNoun(neighbours.hosts, "host is", "hosts are")} on the links themselves; the neighbour table for them is one for all namespaces of the host.`,
      commands(thresholds),
    );
  }
  yield* readOnly(locked.filter((proposal) => !limit.includes(proposal) && !thresholds.includes(proposal)));
}

function* readOnly(locked: readonly SysctlProposal[]): Generator<PlanProblem> {
  if (locked.length === 0) return;
  yield planProblem(
    "setting-read-only",
    "warning",
    [],
    `These settings cannot be written from here: ${locked.map(({ name, now, proposed }) => `${name} (${now ?? "not there"}, needed ${proposed})`).join(", ")}.`,
    `Run as root outside the container, or set them on the host: sysctl -w ${locked.map(({ name, proposed }) => `${name}=${proposed}`).join(" ")}`,
  );
}
