import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));
const PROGRAM = process.env.CAFBUS_BINARY ?? `${ROOT}build/cafbus`;
process.env.CAFBUS_CONFIG = "/dev/null";

export const vectorsText = (name) => readFileSync(`${ROOT}messages/vectors/${name}.json`);

export const vectors = (name) => JSON.parse(vectorsText(name));

/** A folder of the test's own, in which no bus runs yet; it is cleaned up with the test. */
export function ownPlace(t) {
  const directory = mkdtempSync("/tmp/cb"); // the path of a socket is short
  const run = (command, ...args) =>
    execFileSync(PROGRAM, [command, ...args, "--dir", directory], { stdio: ["ignore", "pipe", "ignore"] }).toString();
  const isRunning = () => {
    try {
      run("status");
      return true;
    } catch {
      return false;
    }
  };
  t.after(() => {
    try {
      run("stop", "--force");
    } catch {
      // it has ended already
    }
    rmSync(directory, { recursive: true });
  });
  return { options: { directory, program: PROGRAM, timeout: 20_000 }, run, isRunning };
}
