import type { DesiredState } from "../render/desired-state.ts";
import { requireLink } from "./address-changes.ts";
import type { MtuChange } from "./change.ts";
import type { LiveState } from "./live-state.ts";
import type { Owned } from "./record.ts";
import type { Remarks } from "./remark.ts";

/** MTUs to set, and ours to put back. One that someone changed since we set it is left and named. */
export function mtuChanges(
  state: LiveState,
  owned: Owned,
  desired: Pick<DesiredState, "links">,
  remarks: Remarks,
): { needed: MtuChange[]; obsolete: MtuChange[] } {
  const needed: MtuChange[] = [];
  for (const { interface: device, mtu } of desired.links) {
    if (mtu === undefined) continue;
    const link = requireLink(state, device, remarks);
    if (link === undefined || link.mtu === mtu) continue;
    needed.push({ kind: "mtu", action: "set", interface: device, from: link.mtu, to: mtu });
  }
  const wanted = new Set(desired.links.flatMap((link) => (link.mtu === undefined ? [] : [link.interface])));
  const obsolete = mtusBack(state, { mtus: owned.mtus.filter((own) => !wanted.has(own.interface)) }, remarks);
  return { needed, obsolete };
}

/** MTUs of ours to put back. */
export function mtusBack(
  state: LiveState,
  { mtus }: Pick<Owned, "mtus">,
  remarks: Pick<Remarks, "notices">,
): MtuChange[] {
  return mtus.flatMap(({ interface: device, old, set }): MtuChange[] => {
    const now = state.links.find((link) => link.name === device)?.mtu;
    if (now === undefined || now === old) return [];
    if (now === set) return [{ kind: "mtu", action: "restore", interface: device, from: now, to: old }];
    remarks.notices.push({
      code: "left-as-changed",
      message: `the MTU of ${device} is ${now}: someone changed it after it was set to ${set}; left`,
      fix: `it was ${old} before the first apply: ip link set ${device} mtu ${old}`,
    });
    return [];
  });
}
