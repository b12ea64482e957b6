import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Browser, chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { requires } from '../testing/requires.ts'
import { renderHtml } from './html.ts'
import { makeHostile } from './testing/hostile.ts'
import { makeRehearsal } from './testing/make-rehearsal.ts'

const needed = requires('chromium')

/** `--disable-quic` and kin: a browser in a test talks to nobody. */
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']

describe.skipIf(needed.skip)('the HTML report in a real browser', () => {
  let browser: Browser
  let folder: string

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'doorbuster-report-'))
    browser = await chromium.launch({ executablePath: needed.path, args: ARGS })
  })

  afterAll(async () => {
    await browser?.close()
    rmSync(folder, { recursive: true, force: true })
  })

  /** What a page of this width and scheme looks like to a reader. */
  async function look(html: string, width: number, colorScheme: 'light' | 'dark') {
    const file = join(folder, 'report.html')
    writeFileSync(file, html)
    const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme })
    const complaints: string[] = []
    const requested: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    page.on('request', (request) => requested.push(request.url()))
    await page.goto(pathToFileURL(file).href)
    const seen = await page.evaluate(LOOK)
    await page.close()
    return { ...seen, complaints, requested }
  }

  it.each([
    [360, 'light'],
    [360, 'dark'],
    [1280, 'light'],
    [1280, 'dark'],
  ] as const)('fits %i px without sideways scroll, complaint or request (%s)', async (width, scheme) => {
    for (const { result, run } of [makeRehearsal('does-not-hold'), makeRehearsal('invalid'), makeHostile()]) {
      const seen = await look(renderHtml(result, run), width, scheme)
      expect(seen.scrollWidth).toBeLessThanOrEqual(width)
      expect(seen.complaints).toEqual([])
      expect(seen.requested).toHaveLength(1)
      expect(seen.smallestChartTextPx).toBeGreaterThanOrEqual(10)
    }
  })

  it.each(['light', 'dark'] as const)('has text of enough contrast (%s)', async (scheme) => {
    const { result, run } = makeRehearsal('does-not-hold')
    const seen = await look(renderHtml(result, run), 1280, scheme)
    expect(seen.texts).toBeGreaterThan(100)
    // WCAG 2.2 AA: 4.5 : 1 for ordinary text.
    expect(seen.faint).toEqual([])
  })

  it('shows the four questions without scrolling on a desk', async () => {
    const { result, run } = makeRehearsal('does-not-hold')
    const seen = await look(renderHtml(result, run), 1280, 'light')
    expect(seen.answerBottomPx).toBeLessThan(800)
  })
})

/** Runs in the page: JavaScript as text, because this project's types know no browser. */
const LOOK = `(() => {
  const visible = (element) => element.getClientRects().length > 0
  const channels = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number)
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b].map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    return 0.2126 * x + 0.7152 * y + 0.0722 * z
  }
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const [r, g, b, alpha = 1] = channels(getComputedStyle(at).backgroundColor)
      if (alpha === 1) return [r, g, b]
    }
    return [255, 255, 255]
  }
  const contrast = (element) => {
    const [a, b] = [luminance(channels(getComputedStyle(element).color)), luminance(ground(element))]
    return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
  }
  const own = (element) => [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join('')
  const html = [...document.querySelectorAll('body *')].filter((one) => one instanceof HTMLElement && visible(one) && own(one) !== '' && !one.closest('[aria-hidden]'))
  const chart = [...document.querySelectorAll('svg text')].filter(visible)
  return {
    scrollWidth: document.documentElement.scrollWidth,
    smallestChartTextPx: Math.min(99, ...chart.map((text) => {
      const svg = text.ownerSVGElement
      return (svg.getBoundingClientRect().width / svg.viewBox.baseVal.width) * parseFloat(getComputedStyle(text).fontSize)
    })),
    texts: html.length,
    faint: html.filter((one) => contrast(one) < 4.5).map((one) => own(one) + ' ' + contrast(one).toFixed(1)),
    answerBottomPx: document.querySelector('.answer').getBoundingClientRect().bottom,
  }
})()` as unknown as () => {
  readonly scrollWidth: number
  readonly smallestChartTextPx: number
  readonly texts: number
  readonly faint: readonly string[]
  readonly answerBottomPx: number
}
