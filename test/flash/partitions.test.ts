import { spawnSync } from "node:child_process";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { projectRoot } from "../../host/root.js";

const compiler = spawnSync("cc", ["--version"]).status === 0;

describe.skipIf(!compiler)("the ESP32-C6 board's partitions", () => {
  it("behave as NOR flash at any address and length, and refuse writes while the supply fails", () => {
    const program = join(mkdtempSync(join(tmpdir(), "tieline-flash-")), "partitions");
    const boards = join(projectRoot(), "boards");
    const built = spawnSync(
      "cc",
      [
        ..."-std=gnu11 -Wall -Wextra -Werror -g -O1 -fsanitize=address,undefined -fno-sanitize-recover=all".split(" "),
        ...[boards, join(boards, "runtime"), join(boards, "esp32c6")].map((folder) => `-I${folder}`),
        ...["-o", program, join(projectRoot(), "test/flash/partitions_harness.c")],
      ],
      { encoding: "utf8" },
    );
    expect(built.stderr).toBe("");
    const { stdout, stderr, status } = spawnSync(program, { encoding: "utf8" });
    expect(stderr).toBe("");
    expect(stdout).toBe("as the model\n");
    expect(status).toBe(0);
  });
});
