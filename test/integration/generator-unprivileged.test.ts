import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { withoutEbpf } from "../fixtures/ebpf.ts";

const FILL = [
  ...loaderWords(import.meta.url),
  fileURLToPath(ownModule("../fixtures/fill-unprivileged", import.meta.url)),
];
const USER_NAMESPACE = ["--user", "--map-root-user", "--net", "--mount"];

function withoutUserNamespaces(): string | false {
  const { status } = spawnSync("unshare", [...USER_NAMESPACE, "true"]);
  return status === 0 ? false : "this machine does not allow user namespaces";
}

test(
  "in a user namespace eBPF is refused with the reason, packet sockets fill the gateway",
  {
    skip: withoutUserNamespaces() || withoutEbpf(),
  },
  () => {
    const script = 'mount -t tmpfs tmpfs /run && exec "$@"';
    const fill = [process.execPath, ...FILL];
    const said = execFileSync("unshare", [...USER_NAMESPACE, "sh", "-c", script, "sh", ...fill], { encoding: "utf8" });
    const outcome = JSON.parse(said) as Record<string, unknown>;
    assert.deepEqual(outcome, {
      xdp: {
        code: "kernel-permission",
        remedy:
          "run as root in the host's user namespace, or with CAP_BPF and CAP_NET_ADMIN: eBPF is not for unprivileged user namespaces",
      },
      "packet-socket": { delivered: 2000, acknowledged: 2000 },
      kernelCount: ["2000"],
    });
  },
);
