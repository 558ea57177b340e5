import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { fileURLToPath } from "node:url";

// The borders between rooms are lint rules. Here each is broken on purpose, in a small tree linted with our own
// configuration, and exactly the expected rule must bite in exactly the expected file.

const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
const tree = mkdtempSync(join(tmpdir(), "meganat-lint-"));
after(() => rmSync(tree, { recursive: true, force: true }));

const importing = (room: string): string => `import { x } from "../${room}/x.ts";\nexport const y = x;\n`;
const builtin = (name: string): string => `import * as it from "node:${name}";\nexport const y = it;\n`;

const BORDERS = "eslint(no-restricted-imports)";
const BUILTINS = "import(no-nodejs-modules)";

/** [file, text, the rule that must bite, or undefined when the import is allowed] */
const CASES: readonly (readonly [file: string, text: string, rule: string | undefined])[] = [
  ["src/address/imports-kernel.ts", importing("kernel"), BORDERS],
  ["src/address/imports-config.ts", importing("config"), BORDERS],
  ["src/kernel/imports-address.ts", importing("address"), undefined],
  ["src/kernel/imports-config.ts", importing("config"), BORDERS],
  ["src/kernel/imports-apply.ts", importing("apply"), BORDERS],
  ["src/kernel/netlink/imports-plan.ts", importing("../plan"), BORDERS],
  ["src/kernel/koffi.ts", 'import koffi from "koffi";\nexport const y = koffi;\n', undefined],
  ["src/kernel/child-process.ts", builtin("child_process"), undefined],
  ["src/config/imports-address.ts", importing("address"), undefined],
  ["src/config/imports-kernel.ts", importing("kernel"), BORDERS],
  ["src/config/imports-plan.ts", importing("plan"), BORDERS],
  ["src/config/fs.ts", builtin("fs"), BUILTINS],
  ["src/plan/imports-config.ts", importing("config"), undefined],
  ["src/plan/imports-kernel.ts", importing("kernel"), BORDERS],
  ["src/plan/imports-render.ts", importing("render"), BORDERS],
  ["src/plan/net.ts", builtin("net"), BUILTINS],
  ["src/plan/imports-types.ts", 'import type { x } from "../kernel/x.ts";\nexport type Y = x;\n', BORDERS],
  ["src/plan/process.ts", "export const y = process.pid;\n", "eslint(no-restricted-globals)"],
  ["src/render/imports-plan.ts", importing("plan"), undefined],
  ["src/render/imports-kernel.ts", importing("kernel"), BORDERS],
  ["src/render/imports-apply.ts", importing("apply"), BORDERS],
  ["src/render/os.ts", builtin("os"), BUILTINS],
  ["src/render/crypto.ts", builtin("crypto"), undefined],
  ["src/apply/imports-kernel.ts", importing("kernel"), undefined],
  ["src/apply/imports-observe.ts", importing("observe"), BORDERS],
  ["src/apply/child-process.ts", builtin("child_process"), BORDERS],
  ["src/observe/imports-apply.ts", importing("apply"), undefined],
  ["src/observe/imports-diagnose.ts", importing("diagnose"), undefined],
  ["src/diagnose/imports-observe.ts", importing("observe"), BORDERS],
  ["src/diagnose/fs.ts", builtin("fs"), BUILTINS],
  ["src/observe/imports-lab.ts", importing("lab"), BORDERS],
  ["src/observe/imports-remedy.ts", importing("remedy"), BORDERS],
  ["src/remedy/imports-observe.ts", importing("observe"), undefined],
  ["src/remedy/imports-lab.ts", importing("lab"), BORDERS],
  ["src/uplinks/imports-apply.ts", importing("apply"), undefined],
  ["src/uplinks/imports-lab.ts", importing("lab"), BORDERS],
  ["src/fastpath/imports-uplinks.ts", importing("uplinks"), BORDERS],
  ["src/tune/imports-apply.ts", importing("apply"), undefined],
  ["src/tune/imports-fastpath.ts", importing("fastpath"), BORDERS],
  ["src/remedy/imports-tune.ts", importing("tune"), BORDERS],
  ["src/lab/imports-observe.ts", importing("observe"), undefined],
  ["src/lab/imports-cli.ts", importing("cli"), BORDERS],
  ["src/lab/koffi.ts", 'import koffi from "koffi";\nexport const y = koffi;\n', BORDERS],
  ["src/observe/imports-tui.ts", importing("tui"), BORDERS],
  ["src/tui/imports-observe.ts", importing("observe"), undefined],
  ["src/tui/imports-cli.ts", importing("cli"), BORDERS],
  ["src/cli/imports-lab.ts", importing("lab"), undefined],
  ["src/cli/child-process.ts", builtin("child_process"), BORDERS],
  ["src/cli/floating.ts", "export function y(p: Promise<void>): void {\n  p;\n}\n", "typescript(no-floating-promises)"],
  ["src/cli/any.ts", "export const y: any = 1;\n", "typescript(no-explicit-any)"],
  ["src/cli/console.ts", 'console.log("hello");\n', "eslint(no-console)"],
  [
    "src/lab/cycle-a.ts",
    'import { b } from "./cycle-b.ts";\nexport const a = (): number => b();\n',
    "import(no-cycle)",
  ],
  [
    "src/lab/cycle-b.ts",
    'import { a } from "./cycle-a.ts";\nexport const b = (): number => a();\n',
    "import(no-cycle)",
  ],
];

interface Diagnostic {
  readonly code: string;
  readonly filename: string;
}

const RULES = [
  BORDERS,
  BUILTINS,
  "eslint(no-restricted-globals)",
  "eslint(no-console)",
  "import(no-cycle)",
  "typescript(no-floating-promises)",
  "typescript(no-explicit-any)",
];

test("lint refuses what crosses a border, and only that", () => {
  for (const name of [".oxlintrc.json", "tsconfig.json"]) cpSync(join(root, name), join(tree, name));
  // For the type-aware rules: @types/node.
  symlinkSync(join(root, "node_modules"), join(tree, "node_modules"));
  const rooms = new Set(CASES.map(([file]) => file.split("/")[1]));
  for (const room of rooms) write(`src/${room}/x.ts`, "export const x = 1;\nexport type x = number;\n");
  for (const [file, text] of CASES) write(file, text);
  const expected = CASES.filter(([, , rule]) => rule !== undefined).map(([file, , rule]) => `${file} ${rule}`);

  const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
  const run = spawnSync(process.execPath, [oxlint, "--type-aware", "--format=json"], {
    cwd: tree,
    encoding: "utf8",
  });
  const found = (JSON.parse(run.stdout) as { diagnostics: Diagnostic[] }).diagnostics
    .map((diagnostic) => `${diagnostic.filename} ${diagnostic.code}`)
    .filter((line) => RULES.some((rule) => line.endsWith(rule)));
  assert.deepEqual([...new Set(found)].toSorted(), expected.toSorted());
});

// Lint cannot see inside strings; this can. Only src/kernel may know where the kernel shows its files.
test("paths below /proc and /sys stand only in src/kernel", () => {
  const offenders = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts") && !file.endsWith(".test.ts") && !file.startsWith("kernel/"))
    .filter((file) => /["'`]\/(proc|sys)\//.test(readFileSync(join(root, "src", file), "utf8")));
  assert.deepEqual(offenders, []);
});

function write(file: string, text: string): void {
  mkdirSync(dirname(join(tree, file)), { recursive: true });
  writeFileSync(join(tree, file), text);
}
