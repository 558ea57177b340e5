import type { AddressSetting, DesiredState } from "../render/desired-state.ts";
import type { AddressChange, LinkChange } from "./change.ts";
import type { Remarks } from "./remark.ts";
import type { LiveState } from "./live-state.ts";
import type { Owned } from "./record.ts";

/** Links to bring up, and those we brought up that nobody asks for any more. */
export function linkChanges(
  state: LiveState,
  owned: Owned,
  desired: DesiredState,
  remarks: Remarks,
): { needed: LinkChange[]; obsolete: LinkChange[] } {
  const needed: LinkChange[] = [];
  for (const name of new Set(desired.interfacesUp)) {
    const link = requireLink(state, name, remarks);
    if (link === undefined || link.up) continue;
    const addresses = addressesOn(state, name);
    needed.push({ kind: "link", action: "up", interface: name, addresses });
  }
  const used = new Set([
    ...desired.interfacesUp,
    ...[...desired.addresses, ...desired.routes, ...desired.proxyNeighbours].map((setting) => setting.interface),
  ]);
  const obsolete = owned.links
    .filter((link) => !used.has(link.interface))
    .filter((link) => foreignAddresses(state, owned, link.interface).every((text) => link.addresses.includes(text)))
    .filter((link) => state.links.some(({ name, up }) => name === link.interface && up))
    .map((link): LinkChange => ({ kind: "link", action: "down", ...link }));
  return { needed, obsolete };
}

/** Addresses to add, and ours to remove. One that is there already is not ours and stays so. */
export function addressChanges(
  state: LiveState,
  owned: Owned,
  desired: DesiredState,
  remarks: Remarks,
): { needed: AddressChange[]; obsolete: AddressChange[] } {
  const obsolete = owned.addresses
    .filter((own) => !desired.addresses.some((setting) => sameAddress(own, setting)))
    .filter((own) => state.addresses.some((holder) => sameAddress(holder, own)))
    .map((setting): AddressChange => ({ kind: "address", action: "remove", setting }));
  const staying = state.addresses.filter((holder) => !obsolete.some(({ setting }) => sameAddress(holder, setting)));
  const needed: AddressChange[] = [];
  for (const setting of desired.addresses) {
    if (requireLink(state, setting.interface, remarks) === undefined) continue;
    const holders = staying.filter(({ address }) => address === setting.address);
    if (holders.some((holder) => serves(holder, setting))) continue;
    const elsewhere = holders.find(
      (holder) => holder.interface !== setting.interface && !owned.addresses.some((own) => serves(holder, own)),
    );
    if (elsewhere !== undefined) {
      remarks.problems.push({
        code: "address-elsewhere",
        message: `address ${setting.address} for ${setting.interface} is already on ${elsewhere.interface}`,
        fix: `take it off ${elsewhere.interface} (ip address del ${elsewhere.address}/${elsewhere.length} dev ${elsewhere.interface}), or leave it out of the file`,
      });
      continue;
    }
    needed.push({ kind: "address", action: "add", setting });
  }
  return { needed, obsolete };
}

function foreignAddresses(state: LiveState, owned: Owned, name: string): string[] {
  const foreign = state.addresses.filter((address) => !owned.addresses.some((own) => sameAddress(own, address)));
  return addressesOn({ addresses: foreign }, name);
}

/** The interface, or a problem (one for each interface, however often it is named). */
export function requireLink(state: LiveState, name: string, remarks: Remarks): LiveState["links"][number] | undefined {
  const link = state.links.find((candidate) => candidate.name === name);
  if (link !== undefined) return link;
  const message = `there is no interface ${name} here`;
  if (!remarks.problems.some((problem) => problem.message === message)) {
    const names = state.links.map((candidate) => candidate.name).join(", ");
    remarks.problems.push({
      code: "interface-missing",
      message,
      fix: `name one there is (${names}), or make ${name} first`,
    });
  }
  return undefined;
}

/** Addresses on an interface as `a.b.c.d/len`. */
export function addressesOn(state: Pick<LiveState, "addresses">, name: string): string[] {
  return state.addresses
    .filter((address) => address.interface === name)
    .map(({ address, length }) => `${address}/${length}`);
}

/** Says whether both are the same address with the same prefix on the same interface. */
export function sameAddress(a: AddressSetting, b: AddressSetting): boolean {
  return a.interface === b.interface && a.address === b.address && a.length === b.length;
}

/** A /32 only asks that the address be local; any prefix length will do for that. */
function serves(holder: AddressSetting, setting: AddressSetting): boolean {
  if (holder.interface !== setting.interface || holder.address !== setting.address) return false;
  return holder.length === setting.length || setting.length === 32;
}
