// Bundles src/ and the packages it uses into dist/, so that a command loads a few files in place of hundreds.
// Only koffi stays outside: it has machine code. Nothing is minified, and a source map lies beside every file.
//
// The result is CommonJS, which Node.js finds and starts several times faster than ES modules. esbuild splits only ES
// modules into shared pieces, so it first makes these and then translates each piece.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build, transform } from "esbuild";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const SRC = join(ROOT, "src");
const DIST = join(ROOT, "dist");

// What is started or loaded by its file's name keeps a file of its own: threads, programs, failure modes, faults.
const ENTRY = /^(cli\/main|.*-(worker|main)|diagnose\/modes\/[^/]+|lab\/drill\/faults\/[^/]+)(?<!\.test)\.ts$/;
const entryPoints = filesBelow(SRC).filter((file) => ENTRY.test(file));

/** A module sees the address it would have without bundling, dist/ITS/PATH.js: it finds its neighbours by that. */
const ownAddress = {
  name: "own-address",
  setup({ onLoad }) {
    onLoad({ filter: /\.ts$/ }, ({ path }) => {
      const built = relative(SRC, path).replace(/\.ts$/, ".js");
      const contents = readFileSync(path, "utf8").replaceAll(
        "import.meta.url",
        `__addressOf(${JSON.stringify(built)})`,
      );
      return { contents, loader: "ts" };
    });
  },
};

const common = { format: "esm", platform: "node", target: "node20", charset: "utf8", logLevel: "warning" };
const { outputFiles, metafile } = await build({
  ...common,
  absWorkingDir: ROOT,
  entryPoints: entryPoints.map((file) => join(SRC, file)),
  outbase: SRC,
  outdir: DIST,
  chunkNames: "shared/[hash]",
  bundle: true,
  splitting: true,
  external: ["koffi"],
  sourcemap: "linked",
  sourcesContent: false,
  metafile: true,
  write: false,
  plugins: [ownAddress],
});

const written = new Set(["package.json", "third-party-licenses.txt"]);
await Promise.all(outputFiles.filter(({ path }) => path.endsWith(".js")).map(translate));
write("package.json", '{ "type": "commonjs" }\n');
write("third-party-licenses.txt", licenses());
// Of an earlier build; bpf/ has a build of its own.
for (const file of filesBelow(DIST)) if (/\.(js|map)$/.test(file) && !written.has(file)) rmSync(join(DIST, file));

async function translate({ path, text }) {
  const file = relative(DIST, path);
  const toDist = JSON.stringify(`${relative(dirname(path), DIST) || "."}/`);
  const prelude = `const __addressOf = (path) => require("node:url").pathToFileURL(require("node:path").join(__dirname, ${toDist}, path)).href;`;
  const map = outputFiles.find((output) => output.path === `${path}.map`);
  const inlined = `${text.replace(/^\/\/# sourceMappingURL=.*$/m, "")}//# sourceMappingURL=data:application/json;base64,${Buffer.from(map?.contents ?? "").toString("base64")}`;
  const { code, map: mapped } = await transform(inlined, {
    ...common,
    format: "cjs",
    supported: { "dynamic-import": false },
    sourcefile: file,
    sourcemap: "external",
    sourcesContent: false,
    logOverride: { "empty-import-meta": "silent" },
    ...(text.includes("__addressOf(") ? { banner: prelude } : {}),
  });
  write(file, `${code}//# sourceMappingURL=${file.split("/").at(-1)}.map\n`);
  write(`${file}.map`, mapped);
}

function write(file, text) {
  mkdirSync(dirname(join(DIST, file)), { recursive: true });
  writeFileSync(join(DIST, file), text);
  written.add(file);
}

/** The licences of what was bundled ask to go with every copy. */
function licenses() {
  const packages = new Set(
    Object.keys(metafile.inputs).flatMap((file) => /^node_modules\/(@[^/]+\/[^/]+|[^/]+)\//.exec(file)?.[1] ?? []),
  );
  return [...packages]
    .toSorted()
    .map((name) => {
      const { version, license } = JSON.parse(readFileSync(join(ROOT, "node_modules", name, "package.json"), "utf8"));
      return `${name} ${version}, ${license}\n\n${licenseText(name, license)}\n`;
    })
    .join("\n");
}

function licenseText(name, license) {
  const folder = join(ROOT, "node_modules", name);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (file !== undefined) return readFileSync(join(folder, file), "utf8").trim();
  // @stricli/core names the Apache licence and does not bring its words, which are the same in all packages.
  if (license === "Apache-2.0" && name !== "typescript") return licenseText("typescript", license);
  throw new Error(`${name}: no words of its licence, ${license}`);
}

function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}
