import assert from "node:assert/strict";
import { test } from "node:test";
import { campus } from "../../../test/fixtures/gateways.ts";
import { planGateway } from "../../plan/plan-gateway.ts";
import { stockFacts } from "../../plan/stock-facts.ts";
import type { BootFile, BootSystem } from "./boot-file.ts";
import { bootFiles } from "./boot-files.ts";

const SYSTEM: BootSystem = {
  init: "systemd",
  node: "/usr/bin/node",
  command: "/opt/mega nat/bin/meganat",
  nft: "/usr/sbin/nft",
};

const filesOf = (system: BootSystem, small = false): BootFile[] => {
  const { capacity } = campus();
  const gateway = campus(
    small ? { capacity: { ...capacity, subscribers: 10, timeouts: { profile: "kernel", seconds: {} } } } : {},
  );
  return bootFiles(planGateway(gateway, stockFacts(gateway)), "version: 1\n", system);
};

function textOf(files: readonly BootFile[], path: string): string {
  const content = files.find((file) => file.path === path)?.content;
  assert.ok(content !== undefined && "text" in content, path);
  return content.text;
}

test("what starts something is written last", () => {
  assert.deepEqual(
    filesOf(SYSTEM).map(({ path }) => path),
    [
      "/etc/meganat/gateway.yaml",
      "/etc/meganat/ruleset.nft",
      "/etc/modprobe.d/meganat.conf",
      "/etc/modules-load.d/meganat.conf",
      "/etc/sysctl.d/90-meganat.conf",
      "/etc/systemd/system/meganat-rules.service",
      "/etc/systemd/system/meganat.service",
      "/etc/systemd/system/sysinit.target.wants/meganat-rules.service",
      "/etc/systemd/system/multi-user.target.wants/meganat.service",
    ],
  );
  assert.deepEqual(
    filesOf({ ...SYSTEM, init: "openrc" }, true).map(({ path }) => path),
    [
      "/etc/meganat/gateway.yaml",
      "/etc/meganat/ruleset.nft",
      "/etc/modules-load.d/meganat.conf",
      "/etc/init.d/meganat",
      "/etc/runlevels/default/meganat",
    ],
  );
});

test("a gateway with uplinks has a unit that watches them", () => {
  const health = { probes: [], interval: 1000, downAfter: 3000, upAfter: 10_000 };
  const gateway = campus({ uplinks: [{ link: "wan", health }] });
  const files = bootFiles(planGateway(gateway, stockFacts(gateway)), "version: 1\n", SYSTEM);
  const unit = "/etc/systemd/system/meganat-uplinks.service";
  assert.match(
    textOf(files, unit),
    /\nExecStart=\/usr\/bin\/node "\/opt\/mega nat\/bin\/meganat" uplinks watch \/etc\/meganat\/gateway.yaml\n/,
  );
  assert.deepEqual(
    files.slice(-3).map(({ path }) => path.split("/").at(-1)),
    ["meganat-rules.service", "meganat.service", "meganat-uplinks.service"],
  );
  const openrc = bootFiles(planGateway(gateway, stockFacts(gateway)), "version: 1\n", { ...SYSTEM, init: "openrc" });
  assert.deepEqual(
    openrc.slice(-4).map(({ path }) => path),
    [
      "/etc/init.d/meganat",
      "/etc/init.d/meganat-uplinks",
      "/etc/runlevels/default/meganat",
      "/etc/runlevels/default/meganat-uplinks",
    ],
  );
  assert.equal(
    textOf(openrc, "/etc/init.d/meganat-uplinks"),
    `#!/sbin/openrc-run
# Written by \`meganat install\`; \`meganat uninstall\` takes it away.

description='Uplinks of NAT gateway campus-border (MegaNAT)'
supervisor=supervise-daemon
# Both are read by the shell once more.
command=/usr/bin/node
command_args=''\\''/opt/mega nat/bin/meganat'\\'' uplinks watch /etc/meganat/gateway.yaml'
respawn_delay=2
respawn_max=0

depend() {
  # After the gateway, and also when a card of it is missing: then the uplinks that are there must do.
  use meganat
}
`,
  );
});

test("the units, as systemd gets them", () => {
  const files = filesOf(SYSTEM);
  assert.equal(
    textOf(files, "/etc/systemd/system/meganat.service"),
    `[Unit]
Description=NAT gateway campus-border (MegaNAT)
Documentation=file:/etc/meganat/gateway.yaml
Wants=meganat-rules.service
# Right after whoever configures interfaces here, and before the network counts as up.
After=meganat-rules.service systemd-networkd.service networking.service NetworkManager.service network.service
Before=network-online.target
ConditionPathExists=/etc/meganat/gateway.yaml

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/node "/opt/mega nat/bin/meganat" apply /etc/meganat/gateway.yaml --wait 20
ExecReload=/usr/bin/node "/opt/mega nat/bin/meganat" apply /etc/meganat/gateway.yaml --wait 20
# A card that is plugged in later is found at one of the next tries.
Restart=on-failure
RestartSec=30
ExecStop=/usr/bin/node "/opt/mega nat/bin/meganat" remove

[Install]
WantedBy=multi-user.target
`,
  );
  const rules = textOf(files, "/etc/systemd/system/meganat-rules.service");
  assert.match(rules, /^Before=network-pre\.target shutdown\.target$/m);
  assert.match(rules, /^ExecStart=\/usr\/sbin\/nft -f \/etc\/meganat\/ruleset\.nft$/m);
});

test("forwarding is no setting of the start, the hash size is a module's parameter", () => {
  const files = filesOf(SYSTEM);
  const sysctls = textOf(files, "/etc/sysctl.d/90-meganat.conf");
  assert.doesNotMatch(sysctls, /forward/);
  assert.match(sysctls, /^net\.netfilter\.nf_conntrack_max = 2125312$/m);
  assert.match(textOf(files, "/etc/modprobe.d/meganat.conf"), /^options nf_conntrack hashsize=8501248$/m);
  assert.match(
    textOf(files, "/etc/meganat/ruleset.nft"),
    /^table ip meganat\ndelete table ip meganat\ntable ip meganat \{\n/,
  );
});
