// Completes package-lock.json after `npm install`. npm leaves an optional package out of it when it could not read the
// package's description, and `npm ci` then refuses the whole file. These packages are builds for other platforms: to
// name them with their platform is enough, because they are never fetched here.
import { readFileSync, writeFileSync } from "node:fs";

const file = new URL("../package-lock.json", import.meta.url);
const lock = JSON.parse(readFileSync(file, "utf8"));
const packages = lock.packages;
const PLATFORMS = [
  "android",
  "darwin",
  "freebsd",
  "linux",
  "netbsd",
  "openbsd",
  "openharmony",
  "sunos",
  "win32",
  "aix",
];
const PROCESSORS = ["arm64", "arm", "ia32", "loong64", "mips64el", "ppc64", "riscv64", "s390x", "x64"];

let added = 0;
for (const owner of Object.values(packages)) {
  for (const [name, version] of Object.entries(owner.optionalDependencies ?? {})) {
    const path = `node_modules/${name}`;
    if (path in packages) continue;
    const words = name.split("/").at(-1).split("-");
    const os = PLATFORMS.find((platform) => words.includes(platform));
    const cpu = PROCESSORS.find((processor) => words.some((word) => word === processor));
    if (os === undefined || cpu === undefined) throw new Error(`${name}: its name does not tell its platform`);
    const libc = os !== "linux" ? {} : { libc: [words.some((word) => word.startsWith("musl")) ? "musl" : "glibc"] };
    packages[path] = { version, cpu: [cpu], ...libc, dev: owner.dev, optional: true, os: [os] };
    added += 1;
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).toSorted(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync(file, `${JSON.stringify(lock, null, 2)}\n`);
process.stdout.write(`${added} added\n`);
