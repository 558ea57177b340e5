import { deviceText, policyRuleText, routeText } from "./change.ts";
import { isDevice, optionsLike, optionsToChange } from "./bond-options.ts";
import { sameAddress } from "./address-changes.ts";
import type { LiveState } from "./live-state.ts";
import { classDifference, hasOurQueue } from "./shaping-changes.ts";
import { sameSetting, type ApplyRecord, type Owned } from "./record.ts";
import { isRoute } from "./route-changes.ts";
import { rulesetDifference, type SetDifference } from "./ruleset-difference.ts";
import { counted } from "./ruleset-changes.ts";

/** Something that is not as the last apply left it. */
export interface Drift {
  readonly code: DriftCode;
  readonly message: string;
  readonly fix: string;
}

/** What can drift. */
export type DriftCode =
  | "table-gone"
  | "chain-changed"
  | "set-changed"
  | "elements-changed"
  | "counter-changed"
  | "sysctl-changed"
  | "device-gone"
  | "member-gone"
  | "bond-changed"
  | "mtu-changed"
  | "address-gone"
  | "route-gone"
  | "policy-rule-gone"
  | "proxy-neighbour-gone"
  | "shaping-gone"
  | "classes-changed"
  | "link-down";

const APPLY = "apply the gateway file again: meganat apply FILE";

/** Every difference between what the last apply left and what is there. */
export function driftOf(record: ApplyRecord, state: LiveState): Drift[] {
  return [...rulesetDrift(record, state), ...sysctlDrift(record.owned, state), ...hostDrift(record.owned, state)];
}

function rulesetDrift(record: ApplyRecord, state: LiveState): Drift[] {
  if (record.rules === undefined) return [];
  const difference = rulesetDifference(state.table, record.rules.ruleset);
  if (difference.table !== "keep") {
    return [{ code: "table-gone", message: "table ip meganat is gone: nothing is translated", fix: APPLY }];
  }
  const made = (action: string): string =>
    action === "add" ? "was deleted" : action === "delete" ? "was added" : "was changed";
  return [
    ...difference.chains.map(({ name, action }): Drift => ({
      code: "chain-changed",
      message: `chain ${name} ${made(action)}`,
      fix: APPLY,
    })),
    ...difference.sets.flatMap(setDrift),
    ...difference.counters.map(({ name, action }): Drift => ({
      code: "counter-changed",
      message: `counter ${name} ${made(action)}`,
      fix: APPLY,
    })),
  ];

  function setDrift(set: SetDifference): Drift[] {
    const name = `${set.isMap ? "map" : "set"} ${set.name}`;
    if (set.action !== "elements") {
      return [{ code: "set-changed", message: `${name} ${made(set.action)}`, fix: APPLY }];
    }
    const drift: Drift[] = [];
    if (set.added.length > 0) drift.push(elementDrift(set.added, `missing from ${name}`));
    if (set.removed.length > 0) drift.push(elementDrift(set.removed, `in ${name} that nobody applied`));
    return drift;
  }
}

const EXAMPLES = 3;

function elementDrift(elements: readonly string[], where: string): Drift {
  const examples = elements.slice(0, EXAMPLES).join(", ");
  const more = elements.length > EXAMPLES ? ", ..." : "";
  return {
    code: "elements-changed",
    message: `${counted(elements.length, "element")} ${where}: ${examples}${more}`,
    fix: APPLY,
  };
}

function sysctlDrift(owned: Owned, state: LiveState): Drift[] {
  return owned.sysctls.flatMap((own): Drift[] => {
    const now = state.sysctls.get(own.name)?.value;
    if (now === own.set) return [];
    const carrier = owned.sysctls.find(({ name }) => name === own.alongside);
    if (carrier !== undefined) {
      // That it went along with its carrier needs no saying; what was changed alone no apply puts right.
      if (now === undefined || state.sysctls.get(carrier.name)?.value !== carrier.set) return [];
      const message = `${own.name} is ${now}, ${carrier.name} had made it ${own.set}`;
      return [{ code: "sysctl-changed", message, fix: `sysctl -w ${own.name}=${own.set}` }];
    }
    const what = now === undefined ? "is gone with its interface" : `is ${now}`;
    return [{ code: "sysctl-changed", message: `${own.name} ${what}, apply had set it to ${own.set}`, fix: APPLY }];
  });
}

function hostDrift(owned: Owned, state: LiveState): Drift[] {
  const gone = (code: DriftCode, message: string): Drift => ({ code, message, fix: APPLY });
  return [
    ...owned.links
      .filter((own) => !state.links.some(({ name, up }) => name === own.interface && up))
      .map((own) => gone("link-down", `${own.interface} is down or gone`)),
    ...owned.devices
      .filter((own) => !state.links.some((link) => isDevice(link, own)))
      .map((own) => gone("device-gone", `${deviceText(own)} is gone`)),
    ...owned.members
      .filter((own) => !state.links.some(({ name, master }) => name === own.interface && master === own.bond))
      .map((own) => gone("member-gone", `${own.interface} is no member of ${own.bond} any more`)),
    ...[...owned.devices, ...owned.bonds].flatMap((own) => {
      const wanted = "set" in own ? own.set : own.bond;
      const now = state.links.find(({ name }) => name === own.interface)?.bond;
      if (wanted === undefined || now === undefined) return [];
      const changed = optionsLike(optionsToChange(now, wanted), now);
      return Object.entries(changed).map(([key, value]) =>
        gone("bond-changed", `${key} of bond ${own.interface} is ${String(value)}, apply had set another`),
      );
    }),
    ...owned.mtus.flatMap((own) => {
      const now = state.links.find(({ name }) => name === own.interface)?.mtu;
      if (now === own.set) return [];
      const what = now === undefined ? "gone with its interface" : String(now);
      return [gone("mtu-changed", `the MTU of ${own.interface} is ${what}, apply had set it to ${own.set}`)];
    }),
    ...owned.addresses
      .filter((own) => !state.addresses.some((address) => sameAddress(address, own)))
      .map((own) => gone("address-gone", `address ${own.address}/${own.length} is gone from ${own.interface}`)),
    ...owned.routes
      .filter((own) => !state.routes.some((route) => isRoute(route, own)))
      .map((own) => gone("route-gone", `${routeText(own)} is gone`)),
    ...owned.policyRules
      .filter((own) => !state.policyRules.some((rule) => sameSetting(rule, own)))
      .map((own) => gone("policy-rule-gone", `${policyRuleText(own)} is gone`)),
    ...owned.proxyNeighbours
      .filter((own) => !state.proxyNeighbours.some((neighbour) => sameSetting(neighbour, own)))
      .map((own) => gone("proxy-neighbour-gone", `${own.address} on ${own.interface} is not answered for any more`)),
    ...owned.shaping.flatMap(({ interface: device, classes }) => {
      if (!hasOurQueue(state, device)) return [gone("shaping-gone", `what leaves by ${device} is not shaped any more`)];
      const { from, to } = classDifference(state.classes.get(device) ?? [], classes);
      const count = new Set([...from, ...to].map(({ number }) => number)).size;
      if (count === 0) return [];
      return [gone("classes-changed", `${counted(count, "class", "classes")} of what leaves by ${device} changed`)];
    }),
  ];
}
