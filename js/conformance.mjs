// Holds a build against the conformance file: node conformance.mjs CONFORMANCE.jsonl [BUILD.mjs]
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

const [file, build = "dist/index.mjs"] = process.argv.slice(2);
const { diagnose } = await import(pathToFileURL(resolve(build)).href);
const same = (one, other) =>
  one === other ||
  (typeof one === "object" && typeof other === "object" && one !== null && other !== null &&
    Object.keys({ ...one, ...other }).every((key) => same(one[key], other[key])));

let passed = 0;
let failed = 0;
for (const line of readFileSync(file, "utf8").split("\n").filter(Boolean)) {
  const { id, input, expected } = JSON.parse(line);
  const found = diagnose(input);
  const wrong = Object.keys(expected).filter((name) => !same(expected[name], found[name]));
  if (wrong.length === 0) passed++;
  else {
    failed++;
    for (const name of wrong) {
      console.log(`${id}: ${name} is ${JSON.stringify(found[name])}, expected ${JSON.stringify(expected[name])}`);
    }
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
