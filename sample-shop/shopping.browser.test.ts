import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { findChromium } from './testing/find-chromium.ts'
import { startTestPostgres, type TestPostgres } from './testing/postgres.ts'
import { seedTestShop, startTestShop, type TestShop } from './testing/test-shop.ts'

const executablePath = findChromium()

/** `--disable-quic` and kin: a browser in a test talks to nobody else. */
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking']

/** People and places have long names, and none may be wider than a phone. */
const NAME = 'Ada Wolfeschlegelsteinhausenbergerdorff'
const CITY = 'Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch'

const ADMIN = { username: 'admin', password: 'restock me' }

/** As many rows as a shop of this size has; test shops have fewer. */
const sized = (size: 'S' | 'M') => ({
  SHOP_SIZE: size,
  SHOP_PRODUCTS: '',
  SHOP_REVIEWS: '',
  SHOP_PAST_ORDERS: '',
})

const PHONE = ['a phone', 360, 'light', true] as const
const DARK_DESK = ['a desk in the dark', 1280, 'dark', true] as const
const DEVICES = [
  PHONE,
  ['a phone in the dark, without JavaScript', 360, 'dark', false],
  ['a desk', 1280, 'light', true],
  DARK_DESK,
] as const

/** Sizes with the pages a category then has. What only devices change is seen at S. */
const SIZES = [
  { size: 'S', pages: 4, devices: DEVICES },
  { size: 'M', pages: 36, devices: [PHONE, DARK_DESK] },
] as const

describe.skipIf(executablePath === null).each(SIZES)(
  'shopping with a real browser at size $size',
  ({ size, pages, devices }) => {
    let postgres: TestPostgres
    let shop: TestShop
    let browser: Browser

    beforeAll(async () => {
      postgres = await startTestPostgres()
      await seedTestShop(postgres.url, sized(size))
      shop = await startTestShop(postgres.url, {
        ...sized(size),
        SHOP_ADMIN_PASSWORD: ADMIN.password,
        SHOP_RESERVATION_FORM: '1',
      })
      browser = await chromium.launch({ executablePath: executablePath ?? '', args: ARGS })
    }, 120_000)
    afterAll(async () => {
      await browser?.close()
      await shop?.close()
      await postgres?.remove()
    })

    test.each(devices)(
      'a person on %s buys something, from the home page to the history',
      async (...device) => {
        const [, width, colorScheme, javaScriptEnabled] = device
        const viewport = { width, height: width === 360 ? 740 : 900 }
        const context = await browser.newContext({
          viewport,
          colorScheme,
          javaScriptEnabled,
          baseURL: shop.url,
        })
        const page = await context.newPage()
        const complaints: string[] = []
        page.on('console', (message) => {
          if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
        })
        page.on('pageerror', (error) => complaints.push(String(error)))
        const seen = (what: string) => look(page, `${size}-${width}-${colorScheme}-${what}`)

        await page.goto('/')
        await seen('home')
        await page.getByRole('link', { name: 'Kettles' }).click()
        await seen('category')
        await page.getByRole('link', { name: 'Last' }).click()
        expect(await page.getByRole('navigation', { name: 'Pages' }).textContent()).toContain(
          `Page ${pages} of ${pages}`,
        )
        await seen('category-last')
        await page.getByRole('link', { name: 'Previous' }).click()
        await page.getByRole('main').getByRole('listitem').first().getByRole('link').click()
        await seen('product')
        await page.getByRole('link', { name: 'Reviews', exact: true }).click()
        await seen('reviews')
        await page.getByRole('main').getByRole('link').first().click()
        await page.getByLabel('Pieces').fill('2')
        await page.getByRole('button', { name: 'Add to cart' }).click()
        await seen('cart')
        await page.getByLabel(/^Pieces of/).fill('3')
        await page.getByRole('button', { name: 'Change pieces of' }).click()
        expect(await page.getByLabel(/^Pieces of/).inputValue()).toBe('3')
        await page.getByRole('button', { name: /Check out/ }).click()
        await seen('checkout')
        await page.getByRole('link', { name: 'register' }).click()
        await page.getByLabel('Name').fill(NAME)
        // The browser takes this for an email, so the shop has to say that it takes it for none.
        await page.getByLabel('Email').fill('ada@localhost')
        await page.getByLabel('Password').fill('correct horse')
        await page.getByRole('button', { name: 'Register' }).click()
        await seen('register-wrong')
        expect(await page.getByLabel('Name').inputValue()).toBe(NAME)
        expect(await page.getByLabel('Password').inputValue()).toBe('')
        expect(complaints.splice(0)).toEqual([expect.stringContaining('400 (Bad Request)')])
        await page.getByLabel('Password').fill('correct horse')
        await page.getByLabel('Email').fill(`ada-${width}-${colorScheme}@${'long-'.repeat(9)}example.com`)
        await seen('register')
        await page.getByRole('button', { name: 'Register' }).click()
        expect(new URL(page.url()).pathname).toBe('/checkout')
        expect(await page.getByLabel('Name').inputValue()).toBe(NAME)
        await page.getByLabel('Street and number').fill('12 St James’s Square')
        await page.getByLabel('Postcode').fill('D02 XY45')
        await page.getByLabel('City').fill(CITY)
        await page.getByLabel('Country').selectOption('Ireland')
        await page.getByLabel('Card number').fill('4242 4242 4242 4242')
        await seen('checkout-filled')
        await page.getByRole('button', { name: /^Pay/ }).click()
        await seen('order')
        expect(await page.getByRole('main').textContent()).toContain('12 St James’s Square')
        const order = new URL(page.url()).pathname
        await page.getByRole('link', { name: 'Account' }).click()
        await seen('account')
        await page.getByRole('link', { name: 'Your orders' }).click()
        await seen('history')
        expect(await page.getByRole('table').getByRole('link').first().getAttribute('href')).toBe(order)
        await page.goto('/products/1/reviews')
        await page.getByLabel('Stars').selectOption('4')
        await page.getByLabel(/What do you think/).fill(`Kettle-sized.\n${'m'.repeat(300)}`)
        await page.getByRole('button', { name: 'Send review' }).click()
        await seen('reviewed')
        for (const path of [
          '/new',
          '/best-sellers',
          '/search?q=kettle',
          '/search?q=qqq',
          '/sign-in',
          '/products/1',
        ]) {
          await page.goto(path)
          await seen(path.replaceAll(/\W/g, '_'))
        }
        await page.getByRole('button', { name: 'Reserve one' }).click()
        await seen('reservation')
        await page.getByRole('button', { name: 'Let it go' }).click()
        await seen('reservation-released')
        expect(complaints).toEqual([])
        for (const path of ['/products/0', '/nowhere']) {
          await page.goto(path)
          await seen(path.replaceAll(/\W/g, '_'))
          expect(complaints.splice(0)).toEqual([expect.stringContaining('404 (Not Found)')])
        }
        await page.goto('/account')
        await page.getByRole('button', { name: 'Sign out' }).click()
        expect(new URL(page.url()).pathname).toBe('/')
        expect(complaints).toEqual([])
        await context.close()
      },
      60_000,
    )

    test.each([360, 1280])('the admin restocks, %i px', async (width) => {
      const context = await browser.newContext({
        viewport: { width, height: 740 },
        baseURL: shop.url,
        httpCredentials: ADMIN,
      })
      const page = await context.newPage()
      await page.goto('/admin')
      await look(page, `${size}-${width}-light-admin`)
      await page.getByLabel('Product number').fill('4')
      await page.getByLabel('Pieces').fill('10')
      await page.getByRole('button', { name: 'Restock' }).click()
      expect(await page.getByRole('status').textContent()).toContain('Product 4 is restocked')
      await context.close()
    })
  },
)

/** What every page must be: one heading, landmarks, labels, enough contrast, and no wider than the screen. */
async function look(page: Page, name: string): Promise<void> {
  const folder = process.env['SCREENSHOTS']
  if (folder) await page.screenshot({ path: `${folder}/${name}.png`, fullPage: true })
  const found = await page.evaluate(LOOK)
  expect(found, name).toEqual({
    wider: 0,
    headings: 1,
    landmarks: 3,
    skipsTo: 'content',
    unlabelled: [],
    doubleIds: [],
    faint: [],
    small: [],
  })
}

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
  const texts = [...document.querySelectorAll('body *')].filter((one) => visible(one) && own(one) !== '' && !one.closest('[aria-hidden]'))
  const fields = [...document.querySelectorAll('input:not([type=hidden]), select, textarea')]
  const ids = [...document.querySelectorAll('[id]')].map((one) => one.id)
  const skip = document.querySelector('.skip').getAttribute('href').slice(1)
  return {
    wider: Math.max(0, document.documentElement.scrollWidth - innerWidth),
    headings: document.querySelectorAll('h1').length,
    landmarks: document.querySelectorAll('body > header, body > main, body > footer').length,
    skipsTo: document.getElementById(skip).tagName === 'MAIN' ? skip : null,
    unlabelled: fields.filter((one) => !one.ariaLabel && (one.labels.length !== 1 || own(one.labels[0]) === '')).map((one) => one.name),
    doubleIds: ids.filter((id, index) => ids.indexOf(id) !== index),
    // WCAG 2.2 AA: 4.5 : 1 for ordinary text.
    faint: texts.filter((one) => contrast(one) < 4.5).map((one) => own(one) + ' ' + contrast(one).toFixed(1)),
    small: [...document.querySelectorAll('button, input:not([type=hidden]), select, textarea')].filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML),
  }
})()` as unknown as () => Record<string, unknown>
