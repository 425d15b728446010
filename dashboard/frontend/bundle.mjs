// Bundles scripts, styles and fonts into static/built, each named by its content's hash, and lists the names in manifest.json.
import { build } from "esbuild";
import { rm, writeFile, mkdir } from "node:fs/promises";
import path from "node:path";

const out = "static/built";
await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
const result = await build({
  entryPoints: { app: "frontend/ts/app.ts", style: "frontend/css/app.css" },
  entryNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  outdir: out,
  bundle: true,
  minify: true,
  sourcemap: false,
  metafile: true,
  target: ["es2022", "chrome120", "firefox121", "safari17.4"],
  loader: { ".woff2": "file" },
  legalComments: "linked",
});
const names = {};
for (const [file, facts] of Object.entries(result.metafile.outputs)) {
  if (facts.entryPoint) names["app" + path.extname(file)] = path.basename(file);
}
await writeFile(path.join(out, "manifest.json"), JSON.stringify(names, null, 2) + "\n");
