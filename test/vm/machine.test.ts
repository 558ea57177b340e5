import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { loaderWords, ownModule } from "../../src/kernel/own-module.ts";
import { Machine, withoutVirtualMachine } from "../../scripts/vm/machine.ts";

const skip = withoutVirtualMachine() ?? false;

describe("a virtual machine", { skip }, () => {
  let machine: Machine;
  before(async () => {
    machine = await Machine.boot({ nics: 1 });
  });
  after(() => machine.kill());

  test("runs another kernel on this machine's files", async () => {
    assert.match(machine.kernel, /^\d+\.\d+.*-amd64$/);
    const file = fileURLToPath(import.meta.url);
    assert.equal(await machine.shell(`cat ${file}`), readFileSync(file, "utf8"));
  });

  test("gives output, errors and status of a command, each by itself", async () => {
    const result = await machine.run(["sh", "-c", "echo out; echo err >&2; exit 7"]);
    assert.deepEqual(result, { status: 7, out: "out\n", err: "err\n" });
    assert.deepEqual((await machine.run(["sh", "-c", "kill -SEGV $$"])).ended, "SIGSEGV");
    assert.deepEqual((await machine.run(["no-such-program"])).status, 127);
    assert.deepEqual(await machine.run(["pwd"], { cwd: "/usr" }), { status: 0, out: "/usr\n", err: "" });
  });

  test("loses nothing of much output", async () => {
    const program = readFileSync("/bin/bash");
    const hash = createHash("sha256");
    await machine.run(["cat", "/bin/bash"], { out: (bytes) => void hash.update(bytes) });
    assert.equal(hash.digest("hex"), createHash("sha256").update(program).digest("hex"));
  });

  test("ends a command, and what it started, when asked", async () => {
    const stop = new AbortController();
    const running = machine.run(["sh", "-c", "echo started; sleep 1000"], {
      signal: stop.signal,
      out: () => stop.abort(),
    });
    assert.equal((await running).ended, "SIGKILL");
    assert.equal((await machine.run(["pgrep", "-x", "sleep"])).out, "");
  });

  test("cannot write to this machine's files, nor reach a network", async () => {
    const file = join(tmpdir(), `meganat-vm-${process.pid}`);
    await machine.shell(`echo inside >${file}`);
    assert.throws(() => readFileSync(file), { code: "ENOENT" });
    assert.equal(await machine.shell("ip route show default"), "");
  });

  test("has a cable that can be pulled", async () => {
    await machine.shell("ip link set eth0 up; ip address add 10.0.0.1/24 dev eth0");
    await machine.shell("ip -n far link set far0 up; ip -n far address add 10.0.0.2/24 dev far0");
    await machine.shell("ping -c 1 -w 30 10.0.0.2");
    const carrier = async (): Promise<string> => (await machine.shell("cat /sys/class/net/eth0/carrier")).trim();
    assert.equal(await carrier(), "1");
    await machine.plug("eth0", false);
    while ((await carrier()) !== "0") await pause(100);
    await machine.plug("eth0", true);
    while ((await carrier()) !== "1") await pause(100);
    await machine.shell("ping -c 1 -w 30 10.0.0.2");
  });
});

test("QEMU ends with the process that started it, even if that is killed", { skip }, async () => {
  const module = fileURLToPath(ownModule("../../scripts/vm/run", import.meta.url));
  const owner = spawn(process.execPath, [...loaderWords(import.meta.url), module, "sleep", "1000"], {
    stdio: "ignore",
  });
  const children = (): string => readFileSync(`/proc/${owner.pid}/task/${owner.pid}/children`, "utf8").trim();
  const name = (pid: string): string => readFileSync(`/proc/${pid}/comm`, "utf8");
  while (
    !children()
      .split(" ")
      .some((pid) => pid !== "" && name(pid).startsWith("qemu"))
  )
    await pause(50);
  const machine = children();
  owner.kill("SIGKILL");
  const gone = (): boolean => {
    try {
      return /^State:\s+Z/m.test(readFileSync(`/proc/${machine}/status`, "utf8"));
    } catch {
      return true;
    }
  };
  while (!gone()) await pause(50);
});
