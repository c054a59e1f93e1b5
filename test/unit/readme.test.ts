/** The example that a newcomer copies: it is in the README word for word, and it does what its comments say. */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'

const root = path.resolve(import.meta.dirname, '../..')
const example = path.join(root, 'examples/notes.ts')

test('the README shows the examples as they are', () => {
  const shown = [...readFileSync(path.join(root, 'README.md'), 'utf8').matchAll(/```ts\n([\s\S]*?)```/g)]
  const others = ['browser', 'sharing'].map((name) => path.join(root, `examples/${name}.ts`))
  const examples = [example, ...others].map((file) => readFileSync(file, 'utf8'))
  expect(shown.map(([, code]) => code)).toEqual(examples)
})

test('the example runs, twice, on the same database', async () => {
  mkdirSync(path.join(root, '.cache'), { recursive: true })
  const folder = mkdtempSync(path.join(root, '.cache/readme-'))
  const base = mkdtempSync(path.join(tmpdir(), 'datasync-readme-'))
  onTestFinished(() => {
    for (const made of [folder, base]) rmSync(made, { recursive: true, force: true })
  })
  const outfile = path.join(folder, 'notes.mjs')
  await build({
    entryPoints: [example],
    outfile,
    bundle: true,
    format: 'esm',
    platform: 'node',
    alias: { datasync: path.join(root, 'src/index.ts') },
    packages: 'external',
  })

  const run = () =>
    promisify(execFile)(process.execPath, [outfile], { env: { ...process.env, DATASYNC_FS_BASE: base } })
  const first = await run()
  expect(first.stdout).toMatch(/transaction \d+ of epoch 1 is durable/)
  expect(bodiesIn(first.stdout)).toEqual(['kept', 'after 1', 'soon'])
  const second = await run()
  expect(bodiesIn(second.stdout)).toEqual(['kept', 'after 1', 'soon', 'kept', 'after 2', 'soon'])

  const home = readFileSync(path.join(base, 'notes/database.sqlite'))
  expect(home.subarray(0, 15).toString()).toBe('SQLite format 3')
  expect([...home.subarray(18, 20)]).toEqual([1, 1])
  expect(existsSync(path.join(base, 'notes/database.sqlite-journal'))).toBe(false)
})

const bodiesIn = (output: string) => [...output.matchAll(/body: '([^']*)'/g)].map((match) => match[1])
