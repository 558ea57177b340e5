import { IP_FORWARD } from "../render/packets-through.ts";
import type { LiveLink } from "./live.ts";

/**
 * Sysctls that the kernel writes when another is written. Turning ip_forward sets every interface's `forwarding` to
 * the same and `conf.all.accept_redirects` to the opposite (inet_forward_change in net/ipv4/devinet.c), whatever they
 * were before; so putting ip_forward back alone would not put the host back.
 */
export function alongsideNames(name: string, links: readonly LiveLink[]): string[] {
  if (name !== IP_FORWARD) return [];
  return [
    "net.ipv4.conf.all.accept_redirects",
    "net.ipv4.conf.default.forwarding",
    ...links.map((link) => `net.ipv4.conf.${link.name.replaceAll(".", "/")}.forwarding`),
  ];
}

/** The value a sysctl of `alongsideNames` has after ip_forward was set to `value`. */
export function alongsideValue(name: string, value: string): string {
  if (name.endsWith(".accept_redirects")) return value === "0" ? "1" : "0";
  return value;
}
