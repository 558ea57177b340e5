import type { Rule, Ruleset } from "./ruleset.ts";

/** A program known to write rules by itself, and where its own settings are. */
export interface Owner {
  readonly name: string;
  /** Rules changed behind its back come back: where to change them instead. */
  readonly advice: string;
}

const OWNERS: Readonly<Record<string, Owner>> = {
  meganat: { name: "MegaNAT", advice: "change the gateway file and run `meganat apply`" },
  docker: {
    name: "Docker",
    advice: "publish ports with `docker run -p`; rules of your own go into the chain DOCKER-USER",
  },
  kubernetes: {
    name: "kube-proxy",
    advice: "change the Service or NetworkPolicy; kube-proxy and kubelet write the rules anew",
  },
  calico: { name: "Calico", advice: "change the NetworkPolicy or FelixConfiguration; Felix writes the rules anew" },
  cilium: { name: "Cilium", advice: "change Cilium's configuration; its agent writes the rules anew" },
  flannel: { name: "flannel", advice: "change flannel's configuration; it writes the rules anew" },
  ufw: { name: "ufw", advice: "use `ufw allow`, `ufw route allow`, or /etc/ufw/before.rules" },
  firewalld: { name: "firewalld", advice: "use `firewall-cmd --permanent`, then `firewall-cmd --reload`" },
  libvirt: { name: "libvirt", advice: "change the network with `virsh net-edit`; libvirt writes the rules anew" },
  fail2ban: { name: "fail2ban", advice: "use `fail2ban-client unban ADDRESS`, or the jail's ignoreip" },
  podman: {
    name: "Podman",
    advice: "publish ports with `podman run -p`; `podman network reload` writes the rules anew",
  },
  tailscale: { name: "Tailscale", advice: "use `tailscale set --netfilter-mode`, or the tailnet's policy" },
  incus: {
    name: "LXD or Incus",
    advice: "use `incus network set` (or `lxc network set`), for instance ipv4.nat and ipv4.firewall",
  },
  crowdsec: { name: "CrowdSec", advice: "use `cscli decisions delete`" },
  wireguard: { name: "wg-quick", advice: "see PostUp and the addresses in /etc/wireguard" },
  cni: { name: "a CNI plugin", advice: "change the network's CNI configuration; the plugin writes the rules anew" },
  miniupnpd: { name: "miniupnpd", advice: "see /etc/miniupnpd; clients ask for these rules themselves" },
};

/** Names of chains that only one program uses. */
const CHAIN_NAMES: readonly (readonly [RegExp, keyof typeof OWNERS])[] = [
  [/^DOCKER(-|$)/, "docker"],
  [/^KUBE-/, "kubernetes"],
  [/^cali-/, "calico"],
  [/^(OLD_)?CILIUM_/, "cilium"],
  [/^FLANNEL-/, "flannel"],
  [/^ufw6?-/, "ufw"],
  [/^LIBVIRT_/, "libvirt"],
  [/^f2b-/, "fail2ban"],
  [/^(NETAVARK[-_]|netavark_)/, "podman"],
  [/^CNI-/, "cni"],
  [/^ts-(input|forward|postrouting)$/, "tailscale"],
  [/^(CROWDSEC_CHAIN|crowdsec-chain)/, "crowdsec"],
  [/^MINIUPNPD/, "miniupnpd"],
  // firewalld's backend iptables.
  [/^(FORWARD|INPUT|OUTPUT|PREROUTING|POSTROUTING)_(direct|ZONES|POLICIES_pre|POLICIES_post)$/, "firewalld"],
  [/^(FWDI|FWDO|FWD|IN|PRE|POST)_[A-Za-z0-9-]+(_(log|deny|allow|pre|post))?$/, "firewalld"],
];

const TABLE_NAMES: readonly (readonly [RegExp, keyof typeof OWNERS])[] = [
  [/^meganat(_fastpath)?$/, "meganat"],
  [/^docker-bridges$/, "docker"],
  [/^kube-proxy$/, "kubernetes"],
  [/^(calico|cali)$/, "calico"],
  [/^cilium/, "cilium"],
  [/^flannel-/, "flannel"],
  [/^firewalld/, "firewalld"],
  [/^libvirt_network$/, "libvirt"],
  [/^f2b-table$/, "fail2ban"],
  [/^netavark$/, "podman"],
  [/^(lxd|incus|lxc)$/, "incus"],
  [/^crowdsec6?$/, "crowdsec"],
  [/^wg-quick-/, "wireguard"],
  [/^cni_/, "cni"],
  [/^tailscale/, "tailscale"],
];

const COMMENTS: readonly (readonly [RegExp, keyof typeof OWNERS])[] = [
  [/^kubernetes |^kubernetes:|kube-proxy/, "kubernetes"],
  [/^cali:/, "calico"],
  [/^cilium/, "cilium"],
  [/^flanneld/, "flannel"],
  [/^generated for (LXD|Incus) network/, "incus"],
  [/^managed by (lxd|incus)/i, "incus"],
  [/^name: ".*" id: "/, "cni"],
];

/**
 * Who wrote the rule, told by the names of table, chain, the chain it leads to, and its comment; undefined: nobody we
 * know, so a person or a script.
 */
export function ownerOf(rule: Rule): Owner | undefined {
  const key =
    find(TABLE_NAMES, rule.table) ??
    find(CHAIN_NAMES, rule.chain) ??
    (rule.comment === undefined ? undefined : find(COMMENTS, rule.comment)) ??
    jumpTargets(rule)
      .map((name) => find(CHAIN_NAMES, name))
      .find((found) => found !== undefined) ??
    byInterface(rule.text);
  return key === undefined ? undefined : OWNERS[key];
}

/** Who wrote the chain, by its name or its table's. */
export function ownerOfChain(chain: { readonly table: string; readonly name: string }): Owner | undefined {
  const key = find(TABLE_NAMES, chain.table) ?? find(CHAIN_NAMES, chain.name);
  return key === undefined ? undefined : OWNERS[key];
}

/** Programs that have rules here, by how many. */
export function owners(ruleset: Ruleset): { readonly owner: Owner; readonly rules: number }[] {
  const counts = new Map<Owner, number>();
  for (const chain of ruleset.chains.values()) {
    for (const rule of chain.rules) {
      const owner = ownerOf(rule);
      if (owner !== undefined) counts.set(owner, (counts.get(owner) ?? 0) + 1);
    }
  }
  return [...counts].map(([owner, rules]) => ({ owner, rules })).sort((one, other) => other.rules - one.rules);
}

function find(names: readonly (readonly [RegExp, string])[], text: string): string | undefined {
  return names.find(([pattern]) => pattern.test(text))?.[1];
}

function jumpTargets(rule: Rule): string[] {
  return rule.parts.flatMap((part) =>
    part.kind === "action" && (part.action.kind === "jump" || part.action.kind === "goto")
      ? [part.action.chain.slice(part.action.chain.lastIndexOf("/") + 1)]
      : [],
  );
}

/** Rules in the built-in chains carry no name, but the bridge they are about does. */
function byInterface(text: string): string | undefined {
  const [, name = ""] =
    /(?:-[io]|[io]ifname) "?(docker0|br-[0-9a-f]{12}|virbr\d+|lxdbr\d+|incusbr\d+|tailscale0|podman\d+|cni-podman\d+)\b/.exec(
      text,
    ) ?? [];
  if (name.startsWith("docker") || name.startsWith("br-")) return "docker";
  if (name.startsWith("virbr")) return "libvirt";
  if (name.startsWith("lxdbr") || name.startsWith("incusbr")) return "incus";
  if (name.startsWith("tailscale")) return "tailscale";
  return name === "" ? undefined : "podman";
}
