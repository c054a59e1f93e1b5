/**
 * A Chromium of the tests' own, with its profile on the disk, to be hurt:
 *
 *   kill          SIGKILL to every process of it at once: all that no system call had taken is gone
 *   page.crash    the process of one page dies, the browser goes on
 *   page.freeze   a page stands still and keeps what it holds
 *   close         an orderly end
 *
 * Started again on the same profile it has what the disk has.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Readable, Writable } from 'node:stream'
import { chromiumFlags, findChromium } from '../../scripts/chromium.mjs'
import { CdpPipe } from './cdp-pipe.ts'
import { Page } from './page.ts'
import { killGroup, processesOf } from './processes.ts'
import { sqliteFlag } from './profile.ts'

export interface ChromiumOptions {
  /** The directory of the profile, made if it is not there. */
  readonly profile: string
  /** IndexedDB in SQLite instead of LevelDB. */
  readonly hasSqliteIndexedDb?: boolean
  /** Rather one with windows and with pages of its own. The headless shell, where no other is installed, says so in its version. */
  readonly isWhole?: boolean
  /** As users have it, for measurements. Else WebAssembly is compiled at once and not well: a test opens many pages, and asks little of each. */
  readonly isFast?: boolean
}

export interface Chromium {
  readonly group: number
  /** As it says itself. */
  readonly version: string
  openPage(url: string): Promise<Page>
  /** Returns how many processes there were. */
  kill(): Promise<number>
  close(): Promise<void>
}

/** A start costs seconds of processor time, half of it for windows and pages of its own that nobody looks at. */
const unseen = [
  'PreloadTopChromeWebUI',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
  'InitialWebUI',
  'WebUIReloadButton',
  'WebUILocationBar',
  'WebUIToolbar',
  'TabstripComboButton',
  'TabSearch',
  'SpareRendererForSitePerProcess',
  'OptimizationHints',
  'MediaRouter',
  'Translate',
]
const leanFlags = [
  '--no-startup-window',
  '--disable-extensions',
  '--disable-component-extensions-with-background-pages',
  '--disable-default-apps',
  '--disable-breakpad',
  `--disable-features=${unseen.join()}`,
]

export async function startChromium({
  profile,
  hasSqliteIndexedDb = false,
  isFast = false,
  isWhole = isFast,
}: ChromiumOptions): Promise<Chromium> {
  const executable = findChromium({ isWhole })
  if (executable === undefined) throw new Error('no Chromium is installed; `npm test` installs one')
  const flags = [
    ...chromiumFlags,
    '--headless',
    '--remote-debugging-pipe',
    ...leanFlags,
    ...(isFast ? [] : ['--js-flags=--liftoff-only']),
    `--user-data-dir=${profile}`,
    ...(hasSqliteIndexedDb ? [sqliteFlag] : []),
  ]
  // A group of its own: all its processes have one id by which they are ended.
  const child = spawn(executable, flags, { stdio: ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'], detached: true })
  const group = child.pid
  if (group === undefined) throw new Error(`${executable} could not be started`)
  const said = tailOf(child)
  const pipe = new CdpPipe({ out: child.stdio[3] as Writable, in: child.stdio[4] as Readable })
  let version = ''
  try {
    version = String((await pipe.send('Browser.getVersion'))['product'])
  } catch (error) {
    await killGroup(group)
    throw new Error(`${executable} does not answer: ${said()}`, { cause: error })
  }
  return {
    group,
    version,
    openPage: (url) => Page.open(pipe, url),
    kill: () => killGroup(group),
    async close() {
      if (processesOf(group).length === 0) return
      await pipe.send('Browser.close').catch(() => undefined)
      await ended(child)
      await killGroup(group)
    },
  }
}

function tailOf({ stderr }: ChildProcess): () => string {
  let tail = ''
  stderr?.on('data', (chunk: Buffer) => (tail = (tail + chunk.toString()).slice(-2000)))
  return () => tail
}

/** Bounded: what does not end is ended by whoever waits. */
function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, 10_000)
    child.once('exit', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
