// Bundles what we take from packages: htmx, the parts of ECharts we draw with, one sprite of icons, and the font of PDFs.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = join(root, "static", "bundle");
mkdirSync(bundle, { recursive: true });

const how = { outdir: bundle, bundle: true, minify: true, target: "es2020", legalComments: "eof" };
await build({ ...how, entryPoints: { htmx: join(root, "frontend", "htmx.mjs") }, format: "iife" });
await build({ ...how, entryPoints: { charts: join(root, "frontend", "charts.mjs") }, format: "esm" });

const icons = JSON.parse(readFileSync(join(root, "frontend", "icons.json"), "utf8"));
writeFileSync(
  join(bundle, "icons.svg"),
  `<svg xmlns="http://www.w3.org/2000/svg">\n<!-- Lucide, ISC licence -->\n${icons.map(symbol).join("\n")}\n</svg>\n`,
);

// The Chinese of letters and receipts: put into every PDF, because not every reader brings such a font along.
const fonts = join(root, "fonts");
mkdirSync(fonts, { recursive: true });
const regular = join(root, "node_modules", "@expo-google-fonts", "noto-sans-sc", "400Regular", "NotoSansSC_400Regular.ttf");
copyFileSync(regular, join(fonts, "NotoSansSC.ttf"));

// Stroke and width are set here and not in a style sheet: a sprite used from another file does not see ours.
function symbol(name) {
  const file = readFileSync(join(root, "node_modules", "lucide-static", "icons", `${name}.svg`), "utf8");
  const shapes = file.match(/<svg[^>]*>([\s\S]*)<\/svg>/)[1].replace(/\s+/g, " ").trim();
  return (
    `<symbol id="${name}" viewBox="0 0 24 24"><g fill="none" stroke="currentColor" stroke-width="2"` +
    ` stroke-linecap="round" stroke-linejoin="round">${shapes}</g></symbol>`
  );
}
