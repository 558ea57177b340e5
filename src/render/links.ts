import type { Gateway } from "../config/gateway.ts";
import { PRIMARY_MODES, type Bond } from "../config/bond.ts";
import type { BondSetting, LinkSetting } from "./desired-state.ts";

/** The kernel's name for a link of the file; throws RangeError for a link the file does not have. */
export function interfaceOf(gateway: Gateway, link: string): string {
  const found = gateway.links.find(({ name }) => name === link);
  if (found === undefined) throw new RangeError(`the gateway ${gateway.name} has no link ${link}`);
  return found.interface;
}

/** What the file says of its interfaces themselves, those below others first. */
export function linkSettings(gateway: Gateway): LinkSetting[] {
  const settings = gateway.links.flatMap((link): LinkSetting[] => {
    const { interface: device, mtu, bond, vlan } = link;
    if (mtu === undefined && bond === undefined && vlan === undefined) return [];
    return [
      {
        interface: device,
        ...(mtu === undefined ? {} : { mtu }),
        ...(bond === undefined ? {} : { bond: bondSetting(bond) }),
        ...(vlan === undefined ? {} : { vlan }),
      },
    ];
  });
  return settings.toSorted((a, b) => depth(settings, a) - depth(settings, b));
}

/** Interfaces that must be up for the links to work, those below others first. */
export function interfacesUp(gateway: Gateway): string[] {
  const settings = linkSettings(gateway);
  const below = settings.flatMap(({ vlan }) => (vlan === undefined ? [] : [vlan.on]));
  const named = new Map(settings.map((setting) => [setting.interface, setting]));
  const all = [...new Set([...gateway.links.map((link) => link.interface), ...below])];
  const depthOf = (name: string): number => depth(settings, named.get(name));
  return all.toSorted((a, b) => depthOf(a) - depthOf(b));
}

/** How many VLANs lie below. The file's checks let none lie on itself. */
function depth(settings: readonly LinkSetting[], setting: LinkSetting | undefined): number {
  if (setting?.vlan === undefined) return 0;
  const { on } = setting.vlan;
  return (
    1 +
    depth(
      settings,
      settings.find((other) => other.interface === on),
    )
  );
}

function bondSetting({ members, mode, miimon, upDelay, downDelay, ...more }: Bond): BondSetting {
  const { xmitHashPolicy, lacpRate, primary, minLinks = 0 } = more;
  return {
    members,
    options: {
      mode,
      miimon,
      updelay: upDelay,
      downdelay: downDelay,
      ...(xmitHashPolicy === undefined ? {} : { xmitHashPolicy }),
      ...(lacpRate === undefined ? {} : { lacpRate }),
      minLinks,
      ...(PRIMARY_MODES.has(mode) ? { primary: primary ?? "" } : {}),
    },
  };
}
