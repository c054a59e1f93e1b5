/** What neither the compiler nor the linter holds: sizes, words that belong elsewhere, and files that must exist together. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { errorCodes } from '../src/errors.ts'

const root = path.resolve(import.meta.dirname, '..')
const linesMax = 250
const functionLinesMax = 70

/** Files that are longer than allowed, with their length. An entry may only shrink; a new one is a decision. */
const ratchet: Readonly<Record<string, number>> = {}

interface SourceFile {
  readonly name: string
  readonly text: string
  /** Without comments. */
  readonly code: string
}

const files = (folder: string, endings: RegExp): SourceFile[] =>
  readdirSync(path.join(root, folder), { recursive: folder !== '.', encoding: 'utf8' })
    .map((name) => path.posix.join(folder, name.replaceAll(path.sep, '/')))
    .filter((name) => endings.test(name) && !name.includes('node_modules/') && name !== 'test/tidy.test.ts')
    .sort()
    .map((name) => {
      const text = readFileSync(path.join(root, name), 'utf8')
      return { name, text, code: text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '') }
    })

const source = files('src', /\.ts$/)
const code = [...source, ...['test', 'scripts', 'bench'].flatMap((folder) => files(folder, /\.(ts|mjs)$/))]
const documents = [...files('.', /\.md$/), ...files('docs', /\.md$/)]

/** `file: word` for each file that has a match. */
const mentions = (where: readonly SourceFile[], word: RegExp, part: 'text' | 'code') =>
  where.flatMap(({ name, [part]: content }) => {
    const found = word.exec(content)
    return found === null ? [] : [`${name}: ${found[0]}`]
  })

describe('size', () => {
  test('a file fits in one reading', () => {
    const lengths = new Map(code.map(({ name, text }) => [name, text.split('\n').length - 1]))
    const tooLong = [...lengths].filter(([name, lines]) => lines > (ratchet[name] ?? linesMax))
    expect(Object.fromEntries(tooLong)).toEqual({})
    expect(Object.keys(ratchet).filter((name) => (lengths.get(name) ?? 0) <= linesMax)).toEqual([])
  })

  test('a function fits on a screen', () => {
    expect(code.flatMap(longFunctions)).toEqual([])
  })
})

describe('words', () => {
  const isEdge = (name: string) => /^src\/(effects|storage\/media)\//.test(name)

  // What the platform is may be asked anywhere; what it does may not.
  test('time, chance, console and process are touched at the edges alone', () => {
    const word =
      /\bDate\.now|new Date\(\)|Math\.random|crypto\.|performance\.now|\bset(Timeout|Interval|Immediate)\b|\bconsole\.[a-z]|\bprocess\.(?!versions|getBuiltinModule)[a-z]/
    const inside = source.filter(({ name }) => !isEdge(name))
    expect(mentions(inside, word, 'code')).toEqual([])
  })

  test('nothing is switched off or put off', () => {
    expect(mentions(code, /\bas any\b|: any\b|<any>/, 'code')).toEqual([])
    expect(mentions(code, /@ts-(ignore|nocheck)|eslint-disable|prettier-ignore/, 'text')).toEqual([])
    expect(mentions(code, /\.(only|skip|todo)\(|\b(FIXME|TODO|XXX)\b/, 'text')).toEqual([])
    expect(mentions(documents, /\b(FIXME|TODO|TBD|XXX)\b/, 'text')).toEqual([])
  })

  test('exports have names', () => {
    expect(mentions(code, /^export default/m, 'code')).toEqual([])
  })

  test('a reader elsewhere understands every path', () => {
    const elsewhere = /\.\.\/shared|(?<![.\w])\/work\/|\b(design|style|tracker|lessons|attacks)\.md\b/
    expect(mentions([...code, ...documents], elsewhere, 'text')).toEqual([])
  })
})

describe('what belongs together', () => {
  test('every machine has a model test and a diagram', () => {
    const machines = source.filter(({ code }) => code.includes('.createMachine('))
    expect(machines).not.toEqual([])
    const present = new Set([
      ...files('test/model', /\.test\.ts$/).map(({ name }) => path.basename(name)),
      ...documents.filter(({ name }) => name.startsWith('docs/machines/')).map(({ name }) => path.basename(name)),
    ])
    const missing = machines
      .map(({ name }) => path.basename(name, '.ts'))
      .flatMap((name) => [`${name}.test.ts`, `${name}.md`])
      .filter((file) => !present.has(file))
    expect(missing).toEqual([])
  })

  test('every error code is raised somewhere', () => {
    const raising = source.filter(({ name }) => name !== 'src/errors.ts')
    const silent = Object.keys(errorCodes).filter((name) => !raising.some(({ code }) => code.includes(`'${name}'`)))
    expect(silent).toEqual([])
  })

  test('links and references to documents lead somewhere', () => {
    const inDocuments = documents.flatMap(({ name, text }) =>
      [...text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)].map((match) => ({ name, target: match[1] ?? '' })),
    )
    const inCode = code.flatMap(({ name, text }) =>
      [...text.matchAll(/\bdocs\/[\w/.-]+\.md(#[\w-]+)?/g)].map((match) => ({ name, target: `/${match[0]}` })),
    )
    const broken = [...inDocuments, ...inCode].filter(({ name, target }) => !leadsSomewhere(name, target))
    expect(broken.map(({ name, target }) => `${name}: ${target}`)).toEqual([])
  })
})

function longFunctions({ name, text }: SourceFile): string[] {
  const tree = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true)
  const lineOf = (position: number) => tree.getLineAndCharacterOfPosition(position).line
  const found: string[] = []
  const visit = (node: ts.Node): void => {
    const lines = lineOf(node.end) - lineOf(node.getStart(tree)) + 1
    if (ts.isFunctionLike(node) && !isSuite(node) && lines > functionLinesMax) {
      found.push(`${name}:${String(lineOf(node.getStart(tree)) + 1)} has ${String(lines)} lines`)
    }
    ts.forEachChild(node, visit)
  }
  visit(tree)
  return found
}

/** A list of tests, not a piece of logic: the function given to `describe`, or one that declares suites for a medium. */
function isSuite(node: ts.SignatureDeclaration): boolean {
  if (ts.isCallExpression(node.parent)) return /^describe\b/.test(node.parent.expression.getText())
  return (
    ts.isFunctionDeclaration(node) &&
    (node.body?.statements.some((inner) => /^describe\b/.test(inner.getText())) ?? false)
  )
}

function leadsSomewhere(from: string, target: string): boolean {
  const [file = '', anchor] = target.split('#')
  const document = file === '' ? from : file.startsWith('/') ? file.slice(1) : path.join(path.dirname(from), file)
  if (!existsSync(path.join(root, document))) return false
  if (anchor === undefined || !document.endsWith('.md')) return true
  const headings = [...readFileSync(path.join(root, document), 'utf8').matchAll(/^#+ (.*)$/gm)]
  return headings.some(([, heading = '']) => slugOf(heading) === anchor)
}

const slugOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
