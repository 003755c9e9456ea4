import { configDefaults, defineConfig } from "vitest/config";

const long = process.env["TIELINE_LONG"] === "1";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: [...configDefaults.exclude, ...(long ? [] : ["test/long/**"])],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
    // Whatever another process has to do first: machines may be slow.
    expect: { poll: { timeout: 15_000 } },
  },
});
