import { totalmem } from "node:os";
import { join } from "node:path";
import type { BpfObject } from "../kernel/bpf/object.ts";
import { pin } from "../kernel/bpf/pin.ts";
import { attachTraffic } from "../kernel/bpf/traffic-hook.ts";
import { attachXdp } from "../kernel/bpf/xdp.ts";
import type { NamespaceName } from "../kernel/namespace.ts";
import { listLinks } from "../kernel/route/link.ts";
import { readXdpFeatures } from "../kernel/xdp-features.ts";
import { readSysctl } from "../kernel/sysctl.ts";
import { makeSettings, neededSettings } from "./conntrack-settings.ts";
import { exemptConnections } from "./exempt.ts";
import { findDeviceFactor } from "./device-slots.ts";
import { FastPathError } from "./error.ts";
import { memorySize } from "./memory-size.ts";
import { linkName, makePinDirectory } from "./pins.ts";
import { loadPrograms } from "./programs.ts";
import { choosePaths, objectionsTo } from "./policy/choose-path.ts";
import { readForwardingFacts } from "./read-device-facts.ts";
import { writeRecord, type FastDevice, type Path } from "./record.ts";
import { controlBytes, PERIODS, type Periods } from "./settings.ts";
import { SHARES, sharesWanted } from "./shares.ts";
import { readFastPathStatus, type FastPathStatus } from "./status.ts";
import { measureTickRate } from "./tick-rate.ts";
import { turnOffFastPath } from "./turn-off.ts";

/** What to turn on, and where. */
export interface FastPathRequest {
  readonly netns?: NamespaceName;
  /** `auto` takes for each interface what suits it. */
  readonly path: Path | "auto";
  /** The interfaces between which packets are forwarded. */
  readonly devices: readonly string[];
  /** How many connections to have room for; default: what the kernel's table takes. */
  readonly connections?: number;
  /** For tests and benchmarks; default PERIODS. */
  readonly periods?: Partial<Periods>;
}

/**
 * Turns the fast path on, in place of one that is on already. It stays when the process ends. If a step fails, what was
 * done before it is taken back and the error comes out. Throws FastPathError for interfaces it cannot be on, and what the
 * kernel says: `kernel-permission`, `kernel-busy` if another XDP program is at an interface, VerifierError.
 */
export function turnOnFastPath(request: FastPathRequest): FastPathStatus {
  const { netns } = request;
  const found = findDevices(request);
  // Before facts are read: our own programs would pass for those of others.
  turnOffFastPath(request);
  const { devices, leftOut } = choosePath(request, found);
  const deviceFactor = findDeviceFactor(devices.map(({ index }) => index));
  if (deviceFactor === undefined) {
    throw new FastPathError(
      "fast-path-devices",
      `${devices.length} interfaces are too many for the fast path`,
      "name those that carry most of the traffic, up to some dozens",
    );
  }
  const connections = request.connections ?? tableSize(netns);
  const size = memorySize(connections, totalmem());
  const shares = sharesWanted(netns, connections, totalmem());
  const object = loadPrograms(netns, devices, deviceFactor, size, shares);
  try {
    const ticksPerSecond = measureTickRate(object.program("tick"));
    object.variables(".data").updateAt(0, controlBytes({ ...PERIODS, ...request.periods }, ticksPerSecond));
    const settings = neededSettings(netns);
    const maps = { exemptions: object.map("exemptions"), control: object.variables(".data") };
    const demands = exemptConnections(
      maps,
      netns,
      devices.map(({ name }) => name),
    );
    // From here on there is something to take back, and the record says what.
    writeRecord(netns, {
      since: new Date().toISOString(),
      devices,
      deviceFactor,
      size,
      shares,
      ticksPerSecond,
      settings,
      objections: leftOut,
      notes: demands,
    });
    makeSettings(netns, settings);
    attach(object, netns, devices);
    if (request.path === "xdp") requireSenders(netns, devices);
  } catch (error) {
    turnOffFastPath(request);
    throw error;
  } finally {
    object.close();
  }
  const status = readFastPathStatus(request);
  if (status === undefined) throw new TypeError("the fast path was turned off by somebody else meanwhile");
  return status;
}

type Found = Omit<FastDevice, "path">;

function findDevices({ netns, devices }: FastPathRequest): Found[] {
  const links = listLinks(netns);
  return [...new Set(devices)].map((name) => {
    const link = links.find((candidate) => candidate.name === name);
    if (link === undefined || link.mac === "") {
      throw new FastPathError(
        "fast-path-devices",
        link === undefined ? `there is no interface ${name}` : `${name} is no Ethernet interface`,
        `choose from: ${links.flatMap((each) => (each.mac === "" || each.name === "lo" ? [] : [each.name])).join(", ")}`,
      );
    }
    return { name, index: link.index };
  });
}

/** The interfaces with their paths, and why others have none, or what speaks against the path that was asked for. */
function choosePath(
  { netns, path, devices }: FastPathRequest,
  found: readonly Found[],
): { readonly devices: FastDevice[]; readonly leftOut: string[] } {
  const chosen = choosePaths(readForwardingFacts(netns, devices, KERNEL));
  if (path !== "auto") {
    return { devices: found.map((device) => ({ ...device, path })), leftOut: objectionsTo(path, chosen) };
  }
  const taken = found.flatMap((device): FastDevice[] => {
    const choice = chosen.find(({ name }) => name === device.name);
    return choice === undefined || choice.path === "none"
      ? []
      : [{ ...device, path: choice.path, reason: choice.reason }];
  });
  const leftOut = chosen.flatMap((choice) => (choice.path === "none" ? [`${choice.name}: ${choice.reason}`] : []));
  if (taken.length === 0) {
    throw new FastPathError(
      "fast-path-unsupported",
      `no interface can have the fast path: ${leftOut.join("; ")}`,
      "leave it off, or name other interfaces",
    );
  }
  return { devices: taken, leftOut };
}

/** What the kernel lacks, loading the programs will say. */
const KERNEL = { ebpf: true, flowtable: false };

function tableSize(netns: NamespaceName): number {
  return Number(readSysctl(netns, "net.netfilter.nf_conntrack_max") ?? "0");
}

/** What leaves is watched first, so that there is something to know when the first packet is looked up. */
function attach(object: BpfObject, netns: NamespaceName, devices: readonly FastDevice[]): void {
  const directory = makePinDirectory(netns);
  pin(object.map("accounts").info.fd, join(directory, "accounts"));
  pin(object.variables(".data").info.fd, join(directory, "control"));
  pin(object.map("exemptions").info.fd, join(directory, "exemptions"));
  pin(object.map("shares").info.fd, join(directory, SHARES));
  for (const { name, index } of devices) {
    attachTraffic(netns, name, "egress", object.program("learn")).pin(join(directory, linkName("egress", index)));
  }
  for (const { name, index, path } of devices) {
    if (path === "xdp") {
      attachXdp(netns, name, object.program("forward_xdp")).pin(join(directory, linkName("xdp", index)));
    } else {
      attachTraffic(netns, name, "ingress", object.program("forward_tc")).pin(
        join(directory, linkName("ingress", index)),
      );
    }
  }
}

/**
 * Only now: some drivers say that they send frames of others once a program is on the interface. Those that go on saying
 * no would lose every packet that the fast path hands them. Kernels before 6.3 do not tell.
 */
function requireSenders(netns: NamespaceName, devices: readonly FastDevice[]): void {
  const features = readXdpFeatures(netns);
  const silent = devices.find(({ index }) => features?.get(index)?.transmits === false);
  if (silent === undefined) return;
  throw new FastPathError(
    "fast-path-unsupported",
    `${silent.name} does not send frames that XDP hands it: every packet would be lost there`,
    "use `--path auto` or `--path tc`; one end of a veth sends them once its other end has GRO on (`ethtool -K ... gro on`)",
  );
}
