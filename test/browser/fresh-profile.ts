/**
 * The profiles of the browsers in which tests run: one for each project of each run, on the disk. They are removed when the run ends; a browser that is
 * slower to end than we are may write into its own once more, so what earlier runs left is removed as well.
 */
import { mkdirSync, readdirSync, rmSync } from 'node:fs'
import path from 'node:path'

const directory = path.resolve(import.meta.dirname, '../../.cache/browser-profiles')

export function freshProfile(project: string): string {
  mkdirSync(directory, { recursive: true })
  for (const pid of readdirSync(directory)) if (!isAlive(pid)) remove(path.join(directory, pid))
  const profiles = path.join(directory, String(process.pid))
  process.on('exit', () => remove(profiles))
  return path.join(profiles, project)
}

const remove = (profile: string) => rmSync(profile, { recursive: true, force: true, maxRetries: 3 })

/** Signal 0 asks and does nothing. */
function isAlive(pid: string): boolean {
  try {
    return process.kill(Number(pid), 0)
  } catch {
    return false
  }
}
