// Runs in the guest: carries out what the host asks for, one JSON object a line on a virtio port.
//   host:  {"id":1,"command":["sh","-c","..."],"cwd":"/","env":{}}, {"id":1,"input":"base64"} (null ends it),
//          {"id":1,"signal":"SIGTERM"}
//   guest: {"ready":"6.1.0-57-amd64"}, {"id":1,"out":"base64"}, {"id":1,"err":"base64"},
//          {"id":1,"status":0} or {"id":1,"ended":"SIGKILL"}
import { spawn } from "node:child_process";
import { createReadStream, openSync, readdirSync, readFileSync, writeSync } from "node:fs";
import { release } from "node:os";
import { createInterface } from "node:readline";

const port = openSync(findPort("meganat"), "r+");
const running = new Map();

say({ ready: release() });
for await (const line of createInterface({ input: createReadStream("", { fd: port }) })) hear(JSON.parse(line));

// udev would make /dev/virtio-ports/NAME; it may not be there, or not yet.
function findPort(name) {
  const folder = "/sys/class/virtio-ports";
  const found = readdirSync(folder).find((port) => readFileSync(`${folder}/${port}/name`, "utf8").trim() === name);
  return `/dev/${found}`;
}

// Waits until the host has taken it, so that everything arrives, and in order.
function say(message) {
  const bytes = Buffer.from(`${JSON.stringify(message)}\n`);
  for (let sent = 0; sent < bytes.length;) sent += writeSync(port, bytes, sent);
}

function hear({ id, command, cwd, env, input, signal }) {
  if (command !== undefined) start(id, command, cwd, env);
  else if (input === null) running.get(id)?.stdin.end();
  else if (input !== undefined) running.get(id)?.stdin.write(Buffer.from(input, "base64"));
  else if (signal !== undefined) endGroup(id, signal);
}

function start(id, [program, ...args], cwd, env) {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, detached: true });
  running.set(id, child);
  child.stdin.on("error", () => {});
  child.stdout.on("data", (bytes) => say({ id, out: bytes.toString("base64") }));
  child.stderr.on("data", (bytes) => say({ id, err: bytes.toString("base64") }));
  child.on("error", (error) => {
    say({ id, err: Buffer.from(`${error.message}\n`).toString("base64") });
    if (running.delete(id)) say({ id, status: 127 });
  });
  // Not "close": what stays in the background may hold the pipes for ever. What is in them now is read first.
  child.on("exit", (status, ended) => {
    setTimeout(() => {
      if (running.delete(id)) say(ended === null ? { id, status } : { id, ended });
    }, 20);
  });
}

function endGroup(id, signal) {
  const child = running.get(id);
  if (child?.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    if (error.code !== "ESRCH") throw error;
  }
}
