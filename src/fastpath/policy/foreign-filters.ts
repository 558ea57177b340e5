import type { DeviceFacts } from "./device-facts.ts";
import type { Exemption } from "./exemption.ts";

/** Filters of tc before the network stack would not see packets that the fast path takes: they stay on the kernel's path. */
export function exemptionsForFilters(devices: readonly DeviceFacts[]): Exemption[] {
  return devices
    .filter(({ ingressFilters }) => ingressFilters)
    .map(({ name }) => ({
      inInterface: name,
      why: `another program looks at what comes in by tc (\`tc filter show dev ${name} ingress\`, \`bpftool net\`)`,
    }));
}
