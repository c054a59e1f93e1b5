/**
 * The layers of ARCHITECTURE.md. What a folder may import is listed; all else is an error.
 * A `type` rule lets types through and nothing that exists at run time.
 */
const kernel = '^src/(errors|assert|units|limits)\\.ts$'
const vocabulary = '^src/(api|events|logger|metrics|sql)\\.ts$'

/** @param {string} from @param {string[]} allowed @param {string} why */
const layer = (from, allowed, why) => ({
  name: `${from}-layer`,
  severity: 'error',
  comment: why,
  from: { path: `^src/${from}/` },
  to: { path: '^src/', pathNot: [`^src/${from}/`, kernel, ...allowed] },
})

/** @param {string} from @param {string} to @param {string} why */
const typesOnly = (from, to, why) => ({
  name: `${from}-types-of-${to}`,
  severity: 'error',
  comment: why,
  from: { path: `^src/${from}/` },
  to: { path: `^src/${to}`, dependencyTypesNot: ['type-only'] },
})

/** @param {string} name @param {string} only @param {string} why */
const packageOnlyIn = (name, only, why) => ({
  name: `${name}-only-where-it-belongs`,
  severity: 'error',
  comment: why,
  from: { path: '^src/', pathNot: only },
  to: { path: `node_modules/(@journeyapps/)?${name}/`, dependencyTypesNot: ['type-only'] },
})

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    layer('machines', [], 'Machines decide: xstate and the kernel, nothing that does.'),
    layer('storage', [], 'Storage remembers: it knows no machine, no SQLite, no stream.'),
    layer(
      'effects',
      ['^src/storage/', '^src/machines/', '^src/wire/(transport|channel)\\.ts$', vocabulary],
      'Effects do: storage, the types of machines, and what a way to other members looks like.',
    ),
    typesOnly('effects', 'wire/', 'Of the wire effects know shapes only.'),
    typesOnly('effects', 'machines', 'Effects answer machines; only composition puts the two together.'),
    layer('vfs', ['^src/storage/', '^src/sql\\.ts$'], 'The VFS speaks SQLite over storage.'),
    layer('streams', ['^src/machines/', vocabulary], 'Streams show: rxjs over facts.'),
    typesOnly('streams', 'machines', 'Streams read the facts of machines, not the machines.'),
    layer('wire', [vocabulary, '^src/storage/'], 'The wire carries: shapes of messages, and how they cross.'),
    typesOnly('wire', 'storage/', 'Of storage the wire knows shapes only.'),
    layer(
      'host',
      [
        '^src/wire/',
        '^src/streams/callbacks\\.ts$',
        '^src/(import-source|request-options|statement-input|statements)\\.ts$',
        vocabulary,
      ],
      'The host serves a database and stands for one; what a database is, it does not know.',
    ),
    {
      name: 'kernel-stands-alone',
      severity: 'error',
      comment: 'errors, assert, units and limits are below everything.',
      from: { path: kernel },
      to: { path: '^src/', pathNot: kernel },
    },
    {
      name: 'vocabulary-is-types',
      severity: 'error',
      comment: 'Files of shared types need nothing of the layers at run time.',
      from: { path: vocabulary },
      to: { path: '^src/', pathNot: [kernel, vocabulary], dependencyTypesNot: ['type-only'] },
    },
    packageOnlyIn(
      'xstate',
      '^src/(machines/|(life|member|recovery|wiring)\\.ts$)',
      'Only machines are written with xstate, only composition starts them.',
    ),
    packageOnlyIn('rxjs', '^src/(streams|host)/', 'rxjs lives at the edge.'),
    packageOnlyIn('wa-sqlite', '^src/vfs/sqlite-module\\.ts$', 'One file imports wa-sqlite.'),
    packageOnlyIn('fs-native-extensions', '^src/effects/', 'Locks are taken by the opener.'),
    {
      name: 'platform-only-at-the-edges',
      severity: 'error',
      comment:
        "Files, clocks and threads are touched in effects/, storage/media/ and where everything is composed; SQLite's WASM file is read by the one that loads it.",
      from: { path: '^src/(machines|streams|vfs|storage)/', pathNot: '^src/(storage/media/|vfs/sqlite-module\\.ts$)' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A file is loaded after those it imports. Types may name each other.',
      from: { path: '^(src|scripts)/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'shipped-code-is-self-contained',
      severity: 'error',
      comment: 'What ships imports neither tests nor tools.',
      from: { path: '^src/' },
      to: { path: '^(test|scripts|bench)/' },
    },
    {
      name: 'no-dev-dependency-in-src',
      severity: 'error',
      comment: 'A package that src imports is installed with ours.',
      from: { path: '^src/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'resolvable',
      severity: 'error',
      comment: 'Every import leads somewhere.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'node', 'default'] },
  },
}
