import { defineConfig } from "eslint/config";
import tseslint from "typescript-eslint";

// Strings that a page could be made to run as code, and places where a secret
// would outlive the tab. The CSP forbids the first; nothing forbids the second
// but this list and the tests.
const forbidden = [
  ["innerHTML", "outerHTML", "insertAdjacentHTML", "srcdoc"].map((property) => ({
    property,
    message: "Build elements; text goes in by textContent.",
  })),
  ["localStorage", "sessionStorage", "indexedDB", "caches", "cookie"].map((property) => ({
    property,
    message: "Nothing stays on the phone.",
  })),
].flat();

export default defineConfig(
  { ignores: ["dist/", "node_modules/", "e2e/"] },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ["eslint.config.js"] } },
    },
    rules: {
      eqeqeq: "error",
      "no-console": "error",
      "no-eval": "error",
      "no-restricted-properties": ["error", ...forbidden],
      "no-restricted-globals": ["error", "localStorage", "sessionStorage", "indexedDB", "caches", "history", "name"],
      "@typescript-eslint/consistent-type-imports": ["error", { disallowTypeAnnotations: false }],
      "@typescript-eslint/switch-exhaustiveness-check": ["error", { considerDefaultExhaustiveForUnions: true }],
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
    },
  },
  {
    files: ["test/**"],
    // What is not there fails the test, which is what it is for.
    rules: { "@typescript-eslint/no-non-null-assertion": "off" },
  },
);
