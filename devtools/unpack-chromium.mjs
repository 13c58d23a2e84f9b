// Unpacks the Brotli archives of @sparticuz/chromium: argument 1 is the folder it was installed in.
import { chmodSync, createReadStream, createWriteStream, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createBrotliDecompress } from "node:zlib";
import { spawnSync } from "node:child_process";

const home = process.argv[2];
const source = join(home, "node_modules", "@sparticuz", "chromium", "bin");

const unpack = (name, target) =>
  pipeline(createReadStream(join(source, name)), createBrotliDecompress(), createWriteStream(target));

for (const name of ["al2023.tar.br", "swiftshader.tar.br"]) {
  const folder = join(home, name.split(".")[0]);
  mkdirSync(folder, { recursive: true });
  await unpack(name, join(home, "archive.tar"));
  const done = spawnSync("tar", ["-xf", join(home, "archive.tar"), "-C", folder], { stdio: "inherit" });
  if (done.status !== 0) process.exit(1);
}
rmSync(join(home, "archive.tar"));
await unpack("chromium.br", join(home, "chromium.new"));
chmodSync(join(home, "chromium.new"), 0o755);
renameSync(join(home, "chromium.new"), join(home, "chromium"));
