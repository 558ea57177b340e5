import { isHostNamespace, type NamespaceName } from "../../kernel/namespace.ts";
import { readSysctl } from "../../kernel/sysctl.ts";

/** What the kernel's log does not show of the namespace, and why. */
export function logNotes(namespace: NamespaceName): string[] {
  const notes: string[] = [];
  if (!isHostNamespace(namespace)) {
    notes.push(
      "the log is the whole host's: a message may be about any of its namespaces, and rarely says which",
      ...(readSysctl(undefined, "net.netfilter.nf_log_all_netns") === "1"
        ? []
        : [
            "rules that log and invalid packets of this namespace are not logged (net.netfilter.nf_log_all_netns on the host)",
          ]),
    );
  }
  if (readSysctl(namespace, "net.ipv4.conf.all.log_martians") === "0") {
    notes.push(
      "martians are counted but not logged, unless an interface says so (net.ipv4.conf.all.log_martians is 0)",
    );
  }
  if (readSysctl(namespace, "net.netfilter.nf_conntrack_log_invalid") === "0") {
    notes.push("invalid packets are counted but not logged (net.netfilter.nf_conntrack_log_invalid is 0)");
  }
  return notes;
}
