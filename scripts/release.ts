/**
 * `npm run release -- 0.2.0`: dates the changelog's HEAD section, sets the version, commits and tags. Publishing stays a decision:
 * the command for it is printed. Refuses a dirty tree, a version that is not newer, an empty section and a red check.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'

const version = process.argv[2] ?? ''
const manifest = readFileSync('package.json', 'utf8')
const changelog = readFileSync('CHANGELOG.md', 'utf8')
const current = /"version": "(.*)"/.exec(manifest)?.[1] ?? ''
const unreleased = /^## HEAD\n([\s\S]*?)(?=^## |$(?![\s\S]))/m.exec(changelog)?.[1]?.trim() ?? ''

const git = (...args: string[]) => execFileSync('git', args, { encoding: 'utf8' })
function refuse(reason: string): never {
  console.error(reason)
  process.exit(1)
}

if (!/^\d+\.\d+\.\d+$/.test(version)) refuse('usage: npm run release -- <major.minor.patch>')
if (git('tag', '--list', `v${version}`) !== '') refuse(`v${version} is tagged already`)
if (version.localeCompare(current, 'en', { numeric: true }) < 0) refuse(`${version} is older than ${current}`)
if (unreleased === '') refuse('CHANGELOG.md says nothing under "## HEAD"')
if (git('status', '--porcelain') !== '') refuse('commit or remove what has changed first')
execFileSync('npm', ['run', 'check'], { stdio: 'inherit' })

const date = new Date().toISOString().slice(0, 10)
writeFileSync('CHANGELOG.md', changelog.replace(/^## HEAD$/m, `## HEAD\n\n## ${version} (${date})`))
execFileSync('npm', ['version', version, '--no-git-tag-version', '--allow-same-version'], { stdio: 'inherit' })
git('commit', '--quiet', '--message', `release: ${version}`, '--', 'package.json', 'package-lock.json', 'CHANGELOG.md')
git('tag', `v${version}`)
console.log(`v${version} is tagged. To publish: git push --follow-tags && npm publish`)
