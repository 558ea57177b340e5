import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, test } from "node:test";
import { Machine, withoutVirtualMachine } from "../../scripts/vm/machine.ts";

const skip = withoutVirtualMachine() ?? false;

describe("a virtual machine with a disk", { skip }, () => {
  let folder: string;
  let machine: Machine | undefined;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "meganat-vm-"));
    machine = await Machine.boot({ systemd: true, disk: join(folder, "disk.img") });
  });
  after(async () => {
    await machine?.kill();
    rmSync(folder, { recursive: true });
  });

  test("starts after a reboot what was installed before it", async () => {
    assert.ok(machine !== undefined);
    assert.equal((await machine.run(["systemctl", "is-system-running"])).out, "running\n");
    await machine.shell(`cat >/etc/systemd/system/mark.service <<UNIT
[Service]
Type=oneshot
ExecStart=touch /run/marked
[Install]
WantedBy=multi-user.target
UNIT
systemctl enable mark`);
    await machine.reboot();
    await machine.shell("test -e /run/marked");
    assert.equal((await machine.run(["systemctl", "is-system-running"])).out, "running\n");
  });
});
