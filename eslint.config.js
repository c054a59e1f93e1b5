/** Lint: types that hold, promises that are never dropped. Layout is prettier's, layers are dependency-cruiser's. */
import { defineConfig } from 'eslint/config'
import tseslint from 'typescript-eslint'

export default defineConfig(
  { ignores: ['dist', '.cache', 'coverage', '**/node_modules', 'docs'] },
  tseslint.configs.strictTypeChecked,
  tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      // A promise is awaited, returned or handed to a machine.
      '@typescript-eslint/no-floating-promises': ['error', { checkThenables: true }],
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/consistent-type-exports': 'error',
      '@typescript-eslint/no-import-type-side-effects': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'No enums: a union of literals says the same and erases.' },
        { selector: 'TSModuleDeclaration[kind="namespace"]', message: 'No namespaces: a module is one.' },
      ],
      'no-console': 'error',
      eqeqeq: 'error',
      'prefer-const': 'error',
      'no-var': 'error',

      // There are none.
      '@typescript-eslint/no-unsafe-enum-assignment': 'off',

      // Numbers are what this code is about; they print the same in every locale.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      // A branch may end with `return f()` whatever f returns; an index signature may name its key.
      '@typescript-eslint/no-confusing-void-expression': 'off',
      '@typescript-eslint/consistent-indexed-object-style': 'off',
      '@typescript-eslint/no-meaningless-void-operator': 'off',
      // Ports are asynchronous where one medium needs it; another implementation of the same port may have nothing to await.
      '@typescript-eslint/require-await': 'off',
      // Classes with mutable state and interfaces of ports are both fine; so are small type aliases.
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-invalid-void-type': 'off',
      '@typescript-eslint/no-unnecessary-type-parameters': 'off',
      '@typescript-eslint/no-empty-function': 'off',
      // Tables of functions for C, and methods of prototypes that are called with their object.
      '@typescript-eslint/unbound-method': 'off',
      // Loops over bytes run a thousand times a millisecond; their index is the point.
      '@typescript-eslint/prefer-for-of': 'off',
      // It asks for `!`, which is forbidden.
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      // `a === undefined || a.b !== c` narrows a, `a?.b !== c` does not.
      '@typescript-eslint/prefer-optional-chain': 'off',
      // What was caught, of whatever type, may be thrown on; a literal may not.
      '@typescript-eslint/only-throw-error': 'off',
      'no-throw-literal': 'error',
      // A leading underscore says that a place must be filled and its value is not wanted.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  // Tests and tools print what they have measured.
  {
    files: ['test/**', 'scripts/**', 'bench/**', 'examples/**'],
    rules: { 'no-console': 'off', '@typescript-eslint/no-base-to-string': 'off' },
  },
  // A test parses what it has printed itself.
  {
    files: ['test/**'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-return': 'off' },
  },
  // What the platform has is asked at run time; its types say that all of it is there.
  {
    files: ['src/options.ts', 'src/effects/async-scope.ts', 'src/storage/checksum.ts'],
    rules: { '@typescript-eslint/no-unnecessary-condition': 'off' },
  },
  // A JSDoc cast is invisible to these two; the compiler checks it.
  {
    files: ['**/*.mjs'],
    rules: { '@typescript-eslint/no-unsafe-assignment': 'off', '@typescript-eslint/no-unsafe-argument': 'off' },
  },
  // The peers of bench/ are not installed with the package, so their types are not there.
  { files: ['**/*.cjs', 'bench/**'], ...tseslint.configs.disableTypeChecked },
)
