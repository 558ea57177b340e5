import type { DesiredState, SysctlSetting } from "../render/desired-state.ts";
import type { SysctlChange } from "./change.ts";
import type { Remarks, TowardsOptions } from "./remark.ts";
import type { LiveState } from "./live-state.ts";
import type { Owned, OwnedSysctl } from "./record.ts";
import { alongsideNames, alongsideValue } from "./sysctl-alongside.ts";

/** Sysctls to set, and ours to put back because nobody asks for them any more. */
export function sysctlChanges(
  state: LiveState,
  owned: Owned,
  desired: DesiredState,
  options: TowardsOptions,
  remarks: Remarks,
): SysctlChange[] {
  const wanted = new Set(desired.sysctls.map(({ name }) => name));
  const changes: SysctlChange[] = [];
  for (const own of owned.sysctls) if (!wanted.has(own.name)) changes.push(...putBack(state, own, remarks));
  // What the kernel will have changed by then along with another sysctl of the list.
  const carried = new Map<string, string>();
  const carriersFirst = desired.sysctls.toSorted((a, b) => carries(b, state) - carries(a, state));
  for (const setting of carriersFirst) {
    const change = sysctlChange(state, owned, setting, carried.get(setting.name), options, remarks);
    if (change === undefined) continue;
    changes.push(change);
    for (const other of Object.keys(change.before)) carried.set(other, alongsideValue(other, change.to));
  }
  return changes;
}

function carries(setting: SysctlSetting, state: LiveState): number {
  return alongsideNames(setting.name, state.links).length > 0 ? 1 : 0;
}

function sysctlChange(
  state: LiveState,
  owned: Owned,
  setting: SysctlSetting,
  carried: string | undefined,
  options: TowardsOptions,
  remarks: Remarks,
): SysctlChange | undefined {
  const { name, reason } = setting;
  const now = state.sysctls.get(name);
  const own = owned.sysctls.find((entry) => entry.name === name);
  const outOfReach = setting.scope === "host" && !state.isHost && options.hostWide !== true;
  if (now === undefined) {
    if (setting.optional === true || outOfReach) {
      remarks.notices.push({
        code: "sysctl-missing",
        message: `this kernel has no ${name} here; left out (${reason})`,
        fix: "nothing, if that is expected; else load the module that brings it",
      });
    } else {
      remarks.problems.push({
        code: "sysctl-missing",
        message: `this kernel has no ${name} here, wanted ${setting.value}: ${reason}`,
        fix: name.includes("nf_conntrack") ? "load the module: modprobe nf_conntrack" : "check the name; an interface in it may be missing",
      });
    }
    return undefined;
  }
  if (suffices(carried ?? now.value, setting, carried === undefined ? own : undefined)) return undefined;
  if (outOfReach) {
    remarks.notices.push({
      code: "host-sysctl-left-out",
      message: `${name} is ${now.value}, wanted ${setting.value} (${reason}): one value for the whole host, left as it is from this namespace`,
      fix: `set it on the host (sysctl -w ${name}=${setting.value}), or ask for host-wide settings`,
    });
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
  return {
    kind: "sysctl",
    action: "set",
    name,
    from: now.value,
    to: setting.value,
    reason,
    before: alongsideNow(state, name),
    after: {},
  };
}

/** Puts the old value of a sysctl of ours back; one that someone changed since is left and named. */
export function putBack(state: LiveState, own: OwnedSysctl, remarks: Pick<Remarks, "notices">): SysctlChange[] {
  const now = state.sysctls.get(own.name);
  if (now === undefined || now.value === own.old) return [];
  if (now.value !== own.set) {
    remarks.notices.push({
      code: "sysctl-left",
      message: `${own.name} is ${now.value}: someone changed it after it was set to ${own.set}; left`,
      fix: `it was ${own.old} before the first apply: sysctl -w ${own.name}=${own.old}`,
    });
    return [];
  }
  return [
    {
      kind: "sysctl",
      action: "restore",
      name: own.name,
      from: now.value,
      to: own.old,
      reason: "as it was before, no longer asked for",
      before: alongsideNow(state, own.name),
      after: own.alongside,
    },
  ];
}

/** Present values of what the kernel changes along. */
function alongsideNow(state: LiveState, name: string): Record<string, string> {
  const values: Record<string, string> = {};
  for (const other of alongsideNames(name, state.links)) {
    const now = state.sysctls.get(other);
    if (now !== undefined) values[other] = now.value;
  }
  return values;
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
