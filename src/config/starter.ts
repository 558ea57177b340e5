import { formatIpv4, type Ipv4 } from "../address/ipv4.ts";
import { roleIn } from "./checks/links.ts";
import { Fault } from "./fault.ts";
import { readInterface } from "./values/name.ts";
import { readInterfaceAddress } from "./values/prefix.ts";
import { formatIpv4Prefix, network, prefixContains, type Ipv4Prefix } from "../address/ipv4-prefix.ts";

/** An interface of the host, as far as a first gateway file needs it. */
export interface StarterInterface {
  readonly name: string;
  readonly addresses: readonly Ipv4Prefix[];
  /** The next hop of the default route by this interface. */
  readonly gateway?: Ipv4;
}

/** Networks of RFC 5737, for what the host does not tell: nobody has them. */
const DOCUMENTATION_OUTSIDE: StarterInterface = {
  name: "eth0",
  addresses: [{ address: 0xc0000202, length: 24 }],
  gateway: 0xc0000201,
};
const EXAMPLE_INSIDE: StarterInterface = { name: "eth1", addresses: [{ address: 0x0a000001, length: 24 }] };

/**
 * A commented gateway file to start from. The interface with the default route becomes the outside link, the first
 * other one with an address the inside link; what the host lacks is an example, and marked as one.
 */
export function starterFile(name: string, present: readonly StarterInterface[]): string {
  const interfaces = present.filter((one) => !(readInterface(one.name) instanceof Fault)).map(withUsableAddresses);
  const outside = interfaces.find(hasReachableGateway);
  const inside = interfaces.find((one) => one !== outside && one.addresses.length > 0);
  const wan = outside ?? { ...DOCUMENTATION_OUTSIDE, name: freeName(interfaces, inside?.name) };
  const lan = inside ?? {
    ...EXAMPLE_INSIDE,
    name: interfaces.find((one) => one.name !== wan.name)?.name ?? otherName(wan.name),
  };
  const others = interfaces.filter((one) => one.name !== wan.name && one.name !== lan.name).map((one) => one.name);
  const from = lan.addresses[0] ?? { address: 0x0a000001, length: 24 };
  return `# A NAT gateway. \`meganat check\` says what is wrong in this file, \`meganat plan\` what it means on this host,
# \`meganat apply\` makes it so.
version: 1
name: ${scalar(name)}

# Interfaces by their role. \`gateway\` is the next hop towards the internet.${outside === undefined ? "\n# This host has no default route: the outside link is an EXAMPLE, change it." : ""}${
    inside === undefined
      ? "\n# This host has no second interface with an address: the inside link is an EXAMPLE, change it."
      : ""
  }${others.length === 0 ? "" : `\n# Other interfaces here: ${others.join(", ")}.`}
links:
  wan:
    interface: ${scalar(wan.name)}
${addressesLine(wan)}${wan.gateway === undefined ? "" : `    gateway: ${formatIpv4(wan.gateway)}\n`}  lan:
    interface: ${scalar(lan.name)}
${addressesLine(lan)}
# Public addresses besides the link's own, if your provider gave you some. Then write \`to: public\` below.
# pools:
#   public: { addresses: 198.51.100.3-198.51.100.30, ports: 1024-65535 }

# Who is translated. \`masquerade\` takes whatever address the outside link has.
# With a pool each subscriber can have ports of its own, which tell it without a log:
#   to: public
#   ports: { per-subscriber: 128 }
source-nat:
  - name: inside
    from: ${formatIpv4(network(from))}/${from.length}
    out: wan
    to: masquerade

# Inside servers reached from outside.
# port-forwards:
#   - { name: web, listen: 198.51.100.3:80/tcp, to: ${formatIpv4(network(from) + 10)}:80 }

# What the gateway must hold; it decides the size of the connection table.
capacity:
  subscribers: 250
  connections-per-subscriber: 100
  timeouts: rfc
`;
}

/** Without addresses a gateway file refuses, such as 127.0.0.2/8 or a network's own: whoever set them had other plans. */
function withUsableAddresses(one: StarterInterface): StarterInterface {
  const addresses = one.addresses.filter(
    (prefix) =>
      roleIn(prefix, prefix.address) === undefined &&
      !(readInterfaceAddress(formatIpv4Prefix(prefix)) instanceof Fault),
  );
  return { ...one, addresses };
}

/** A provider's next hop outside the link's prefix (a /32, as clouds have it) needs settings a first file cannot guess. */
function hasReachableGateway({ addresses, gateway }: StarterInterface): boolean {
  return (
    gateway !== undefined &&
    addresses.some((prefix) => prefixContains(prefix, gateway) && roleIn(prefix, gateway) === undefined) &&
    addresses.every((prefix) => prefix.address !== gateway)
  );
}

/** Quoted unless plain text is sure to be read as text. */
function scalar(text: string): string {
  return /^[a-z]+[0-9][a-z0-9.-]*$|^[a-z]+-[a-z0-9.-]*$|^gateway$/.test(text) ? text : JSON.stringify(text);
}

function addressesLine({ addresses }: StarterInterface): string {
  return addresses.length === 0 ? "" : `    addresses: [${addresses.map(formatIpv4Prefix).join(", ")}]\n`;
}

function freeName(interfaces: readonly StarterInterface[], taken: string | undefined): string {
  const free = interfaces.filter(({ name }) => name !== taken);
  return (free.find(({ addresses }) => addresses.length === 0) ?? free[0])?.name ?? DOCUMENTATION_OUTSIDE.name;
}

function otherName(taken: string): string {
  return taken === "eth1" ? "eth2" : "eth1";
}
