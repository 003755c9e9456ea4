import js from "@eslint/js";
import tseslint from "typescript-eslint";

/** AssemblyScript shares TypeScript's syntax but not its types, so firmware gets the rules that need none. */
const firmware = ["assembly/**/*.ts", "test/**/*.entry.ts"];
/** CONVENTIONS: one Clock; wall time and ambient randomness only where a person is looking on. */
const ambient = ["host/cli/**", "host/daemon/clock.ts", "host/bench/**", "host/setup.mjs"];

export default tseslint.config(
  { ignores: ["build/", "out/", "node_modules/", "**/build/"] },
  js.configs.recommended,
  {
    files: ["**/*.mjs"],
    languageOptions: {
      globals: { process: "readonly", console: "readonly", Atomics: "readonly", SharedArrayBuffer: "readonly" },
    },
  },
  {
    files: ["host/**/*.ts", "test/**/*.ts", "*.config.ts"],
    ignores: firmware,
    extends: [tseslint.configs.strict],
    rules: {
      "no-restricted-properties": [
        "error",
        { object: "Date", property: "now", message: "Take the time from the Clock." },
        { object: "Math", property: "random", message: "Take randomness from a seeded stream." },
      ],
      "@typescript-eslint/no-non-null-assertion": "error",
    },
  },
  { files: ambient, rules: { "no-restricted-properties": "off" } },
  {
    files: firmware,
    languageOptions: { parser: tseslint.parser },
    rules: { "no-undef": "off", "no-unused-vars": "off", "no-redeclare": "off" },
  },
);
