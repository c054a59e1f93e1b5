/**
 * Compiles the entries of dist/ the way a strict user does, with no ambient packages and nothing skipped, and fails when the types
 * they need reach into a package that is ours to change: only rxjs is part of the public API.
 */
import path from 'node:path'
import ts from 'typescript'

const publicPackages = ['rxjs', 'typescript']
const root = path.resolve(import.meta.dirname, '..')
const entries = ['dist/index.d.ts', 'dist/browser.d.ts'].map((file) => path.join(root, file))

const program = ts.createProgram(entries, {
  strict: true,
  noEmit: true,
  skipLibCheck: false,
  types: [],
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts', 'lib.dom.d.ts', 'lib.dom.asynciterable.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
})

const files = program.getSourceFiles()
const ours = files.filter(({ fileName }) => fileName.startsWith(path.join(root, 'dist')))
const reached = new Set(files.map(({ fileName }) => packageOf(path.relative(root, fileName))))
const problems = [
  ...program.getOptionsDiagnostics(),
  ...ours.flatMap((file) => [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)]),
].map(({ file, messageText }) => `${file?.fileName ?? ''}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
for (const name of reached) {
  if (name !== undefined && !publicPackages.includes(name)) problems.push(`the public types reach into ${name}`)
}
for (const problem of problems) console.error(problem)
process.exit(problems.length === 0 ? 0 : 1)

/** @param {string} file */
function packageOf(file) {
  return /node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(file)?.[1]
}
