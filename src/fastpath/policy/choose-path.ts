import type { DeviceFacts, ForwardingFacts } from "./device-facts.ts";
import { ordersPackets } from "./queue-kinds.ts";

/** The path of one interface's packets, and why. */
export interface DevicePath {
  readonly name: string;
  /** `xdp`: before the kernel makes a packet of the frame. `tc`: behind it. `none`: the kernel's own. */
  readonly path: "xdp" | "tc" | "none";
  /** One sentence for people. */
  readonly reason: string;
}

/** Without fragments in the driver a frame and its bookkeeping have to fit a page of 4096 bytes. */
const LARGEST_XDP_MTU = 3498;

/**
 * Chooses for each interface. XDP hands frames to the other interface's driver, past its queue and past what merges and
 * cuts large packets: it is taken where all interfaces that packets can leave by are hardware that takes such frames.
 */
export function choosePaths({ devices, ipsecPolicies, ebpf, flowtable }: ForwardingFacts): DevicePath[] {
  const whole = wholeObstacle(ipsecPolicies, ebpf, flowtable);
  if (whole !== undefined) return devices.map(({ name }) => ({ name, path: "none", reason: whole }));
  const usable = devices.filter((device) => obstacle(device) === undefined);
  const against = usable
    .map((device) => ({ name: device.name, reason: xdpObstacle(device) }))
    .find(({ reason }) => reason !== undefined);
  return devices.map((device): DevicePath => {
    const { name } = device;
    const none = obstacle(device);
    if (none !== undefined) return { name, path: "none", reason: none };
    const own = xdpObstacle(device);
    if (own !== undefined) return { name, path: "tc", reason: own };
    if (against !== undefined) {
      return {
        name,
        path: "tc",
        reason: `packets may leave by ${against.name}, which is not for XDP: ${against.reason}`,
      };
    }
    const driver = device.driver === undefined ? "the driver" : `the driver ${device.driver}`;
    return { name, path: "xdp", reason: `${driver} runs XDP and sends what it is handed` };
  });
}

/** What speaks against a path that somebody asked for, in sentences: where another would have been chosen, and why. */
export function objectionsTo(path: "xdp" | "tc", chosen: readonly DevicePath[]): string[] {
  return chosen
    .filter((choice) => choice.path !== path)
    .map(({ name, path: other, reason }) => {
      return `${name}: ${path} as asked for, where auto takes ${other === "none" ? "neither path" : other}: ${reason}`;
    });
}

function wholeObstacle(ipsecPolicies: number, ebpf: boolean, flowtable: boolean): string | undefined {
  if (ipsecPolicies > 0) return "IPsec policies are to be checked for each packet (`ip xfrm policy`)";
  if (ebpf) return undefined;
  return flowtable
    ? "this kernel does not load the eBPF programs, but has nf_flowtable: use `flowtable`"
    : "this kernel neither loads the eBPF programs nor has nf_flowtable";
}

/** Why the interface cannot be on the fast path at all. */
function obstacle({ ethernet, loopback, master }: DeviceFacts): string | undefined {
  if (loopback) return "it is the loopback";
  if (master !== undefined) return `it is a port of ${master}: packets are routed by ${master}, so name that`;
  return ethernet ? undefined : "it carries no Ethernet frames";
}

/** Why XDP will not do here; tc will. */
function xdpObstacle(device: DeviceFacts): string | undefined {
  const { kind, driver, mtu, xdp, hasXdp, largePackets, queues, egressFilters } = device;
  if (hasXdp) return "another XDP program is on it";
  if (kind !== undefined && kind !== "veth" && kind !== "bond") return `it is a virtual interface (${kind})`;
  if ((kind === "veth" || driver === "virtio_net") && largePackets) {
    return "its packets come in large pieces, which XDP would have to cut: bulk TCP would be slower";
  }
  const isKnown = driver !== undefined && XDP_DRIVERS.has(driver);
  if (!(xdp?.runs ?? isKnown)) return "its driver runs no XDP";
  if (!(xdp?.redirects ?? isKnown)) return "its driver cannot hand frames to another interface";
  // Some drivers say that they send frames of others only once a program is on the interface.
  if (xdp?.transmits !== true && !isKnown) return "its driver does not send frames of others";
  if (mtu > LARGEST_XDP_MTU) return `its MTU of ${mtu} is more than XDP takes (${LARGEST_XDP_MTU})`;
  const queue = queues.find(ordersPackets);
  if (queue !== undefined) return `its queue ${queue} orders what leaves, and XDP goes past it`;
  if (egressFilters) return "tc filters look at what leaves, and XDP goes past them";
  return undefined;
}

/**
 * Drivers that run XDP and send redirected frames in Linux 6.1, for kernels that do not tell (before 6.3) or do not tell
 * yet: those with `ndo_bpf` and `ndo_xdp_xmit`.
 */
const XDP_DRIVERS: ReadonlySet<string> = new Set(
  ["i40e", "ice", "ixgbe", "ixgbevf", "igb", "igc", "mlx5_core", "bnxt_en", "ena", "mvneta", "mvpp2", "sfc"].concat([
    "veth",
    "virtio_net",
    "stmmac",
    "dpaa2-eth",
    "fsl_enetc",
    "tsnep",
  ]),
);
