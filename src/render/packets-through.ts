/** The switch that carries others along. */
export const IP_FORWARD = "net.ipv4.ip_forward";

/** Says whether setting the sysctl lets packets through: done after the rules are there, undone before they go. */
export function letsPacketsThrough(name: string): boolean {
  return (
    name === IP_FORWARD ||
    /^net\.ipv4\.conf\..+\.forwarding$/.test(name) ||
    /^net\.ipv4\.conf\.all\.accept_redirects$/.test(name)
  );
}
