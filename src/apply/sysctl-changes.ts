import type { DesiredState, SysctlSetting } from "../render/desired-state.ts";
import type { SysctlChange } from "./change.ts";
import type { Remarks, TowardsOptions } from "./remark.ts";
import type { LiveState } from "./live-state.ts";
import type { Owned, OwnedSysctl } from "./record.ts";
import { IP_FORWARD } from "../render/packets-through.ts";
import { alongsideNames, alongsideValue } from "./sysctl-alongside.ts";

/**
 * Sysctls to set, and ours to put back because nobody asks for them any more. One that the kernel changes along with
 * another comes after it, and starts from what the kernel will have made of it.
 */
export function sysctlChanges(
  state: LiveState,
  owned: Owned,
  desired: Pick<DesiredState, "sysctls">,
  options: TowardsOptions,
  remarks: Remarks,
): SysctlChange[] {
  const values = valuesOf(state);
  const carriers = (name: string): boolean => alongsideNames(name, state.links).length > 0;
  const own = (name: string): OwnedSysctl | undefined => owned.sysctls.find((entry) => entry.name === name);
  const changes: SysctlChange[] = [];
  const push = (change: SysctlChange | undefined): void => {
    if (change === undefined) return;
    changes.push(change);
    values.set(change.name, change.to);
    for (const other of Object.keys(change.before)) values.set(other, alongsideValue(other, change.to));
  };
  const wanted = (setting: SysctlSetting): void =>
    push(sysctlChange(state, values, own(setting.name), setting, options, remarks));
  const unwanted = owned.sysctls.filter(({ name }) => !desired.sysctls.some((setting) => setting.name === name));

  for (const setting of desired.sysctls) if (carriers(setting.name)) wanted(setting);
  for (const entry of unwanted) if (carriers(entry.name)) push(putBack(state, values, entry, remarks));
  // While the one that carries it along stays ours, its old value is not its to have.
  const staying = desired.sysctls.filter(
    ({ name, value }) => carriers(name) && values.get(name) === value && staysOurs(name, own(name), changes),
  );
  const carried = new Set(staying.flatMap(({ name }) => alongsideNames(name, state.links)));
  for (const entry of unwanted) {
    if (!carriers(entry.name) && !carried.has(entry.name)) push(putBack(state, values, entry, remarks));
  }
  for (const setting of desired.sysctls) if (!carriers(setting.name)) wanted(setting);
  return changes;
}

function staysOurs(name: string, own: OwnedSysctl | undefined, changes: readonly SysctlChange[]): boolean {
  const change = changes.find((candidate) => candidate.name === name);
  return change === undefined ? own !== undefined : change.action === "set";
}

/** Sysctls of ours to put back for good, in order. */
export function sysctlsBack(state: LiveState, owned: Owned, remarks: Pick<Remarks, "notices">): SysctlChange[] {
  return sysctlChanges(state, owned, { sysctls: [] }, {}, { problems: [], notices: remarks.notices, leftOut: [] });
}

function valuesOf(state: LiveState): Map<string, string> {
  return new Map([...state.sysctls].map(([name, { value }]) => [name, value]));
}

function sysctlChange(
  state: LiveState,
  values: ReadonlyMap<string, string>,
  own: OwnedSysctl | undefined,
  setting: SysctlSetting,
  options: TowardsOptions,
  remarks: Remarks,
): SysctlChange | undefined {
  const { name, reason } = setting;
  const now = state.sysctls.get(name);
  const value = values.get(name) ?? now?.value;
  const outOfReach = setting.scope === "host" && !state.isHost && options.hostWide !== true;
  if (now === undefined || value === undefined) {
    missing(setting, outOfReach, remarks);
    return undefined;
  }
  if (suffices(value, setting, value === now.value ? own : undefined)) return undefined;
  if (outOfReach) {
    leftOut(setting, `is ${now.value}`, remarks);
    return undefined;
  }
  if (!now.writable) {
    remarks.problems.push({
      code: "sysctl-read-only",
      message: `${name} is ${now.value}, wanted ${setting.value} (${reason}), and cannot be written here`,
      fix: "run as root on the host, or with /proc/sys writable; or set it there before",
    });
    return undefined;
  }
  if (name === "net.netfilter.nf_conntrack_buckets") {
    remarks.notices.push({
      code: "table-resize-stalls",
      message: `changing ${name} from ${now.value} to ${setting.value} moves every entry of the table with all its locks taken: no packet passes meanwhile`,
      fix: "with millions of connections do it at a quiet hour, or at boot",
    });
  }
  const change = { kind: "sysctl" as const, name, from: value, to: setting.value, reason, after: {} };
  const before = alongsideNow(state, values, name);
  // Back to what it was before the first apply: then it is ours no more, unless another may carry it along again.
  const forGood = own?.old === setting.value && !alongsideNames(IP_FORWARD, state.links).includes(name);
  return { ...change, action: forGood ? "restore" : "set", before };
}

function missing(setting: SysctlSetting, outOfReach: boolean, remarks: Remarks): void {
  const { name, value, reason } = setting;
  if (outOfReach) {
    leftOut(setting, "cannot be seen here", remarks);
  } else if (setting.optional === true) {
    remarks.notices.push({
      code: "sysctl-missing",
      message: `this kernel has no ${name}; left out (${reason})`,
      fix: "nothing, if that is expected; else load the module that brings it",
    });
  } else {
    const fix = name.includes("nf_conntrack")
      ? "load the module: modprobe nf_conntrack"
      : "check the name; an interface in it may be missing";
    const message = `this kernel has no ${name} here, wanted ${value}: ${reason}`;
    remarks.problems.push({ code: "sysctl-missing", message, fix });
  }
}

function leftOut({ name, value, reason }: SysctlSetting, found: string, remarks: Remarks): void {
  remarks.notices.push({
    code: "host-sysctl-left-out",
    message: `${name} ${found}, wanted ${value} (${reason}): one value for the whole host, left as it is from this namespace`,
    fix: `set it on the host (sysctl -w ${name}=${value}), or ask for host-wide settings`,
  });
}

/** Puts the old value of a sysctl of ours back; one that someone changed since is left and named. */
function putBack(
  state: LiveState,
  values: ReadonlyMap<string, string>,
  own: OwnedSysctl,
  remarks: Pick<Remarks, "notices">,
): SysctlChange | undefined {
  const now = values.get(own.name);
  if (now === undefined || now === own.old) return undefined;
  const carrier = alongsideNames(IP_FORWARD, state.links).includes(own.name) ? values.get(IP_FORWARD) : undefined;
  const byTheKernel = carrier !== undefined && now === alongsideValue(own.name, carrier);
  if (now !== own.set && !byTheKernel) {
    remarks.notices.push({
      code: "sysctl-left",
      message: `${own.name} is ${now}: someone changed it after it was set to ${own.set}; left`,
      fix: `it was ${own.old} before the first apply: sysctl -w ${own.name}=${own.old}`,
    });
    return undefined;
  }
  return {
    kind: "sysctl",
    action: "restore",
    name: own.name,
    from: now,
    to: own.old,
    reason: "as it was before the first apply",
    before: alongsideNow(state, values, own.name),
    after: {},
  };
}

/** What the kernel changes along, with the values it has by then. */
function alongsideNow(state: LiveState, values: ReadonlyMap<string, string>, name: string): Record<string, string> {
  const before: Record<string, string> = {};
  for (const other of alongsideNames(name, state.links)) {
    const value = values.get(other);
    if (value !== undefined) before[other] = value;
  }
  return before;
}

/** Says whether the value will do: exactly, by being at least so large, or as what the kernel made of our request. */
export function suffices(value: string, setting: SysctlSetting, own: OwnedSysctl | undefined): boolean {
  if (foldBlanks(value) === foldBlanks(setting.value)) return true;
  if (setting.atLeast === true && Number(value) >= Number(setting.value)) return true;
  return own !== undefined && own.asked === setting.value && own.set === value;
}

function foldBlanks(value: string): string {
  return value.trim().replace(/\s+/g, " ");
}
