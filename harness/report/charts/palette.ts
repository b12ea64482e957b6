/**
 * Chart colours by meaning. Charts are drawn with stand-in colours and each stand-in is then replaced by a CSS
 * variable, so that one drawing serves light and dark. Hues are apart for colour-blind readers (after Okabe and Ito,
 * "Color Universal Design", 2008); shape, order or a label always says the same.
 */
const PALETTE = {
  ink: { standIn: '#a00001', light: '#3b424c', dark: '#c9ced6' },
  faint: { standIn: '#a00002', light: '#dfdcd4', dark: '#343a43' },
  offered: { standIn: '#a00003', light: '#6b7480', dark: '#98a2b0' },
  good: { standIn: '#a00004', light: '#00775a', dark: '#3cc79c' },
  bad: { standIn: '#a00005', light: '#c2410c', dark: '#ff8a5c' },
  response: { standIn: '#a00006', light: '#6a3fa0', dark: '#b99aec' },
  limit: { standIn: '#a00007', light: '#a8123e', dark: '#ff7a9c' },
  io: { standIn: '#a00008', light: '#0a68b4', dark: '#6cb6f5' },
  lwlock: { standIn: '#a00009', light: '#b98300', dark: '#f0c14b' },
  idle: { standIn: '#a0000a', light: '#8d5a97', dark: '#d19ade' },
  other: { standIn: '#a0000b', light: '#9aa0a8', dark: '#717985' },
  paper: { standIn: '#a0000c', light: '#ffffff', dark: '#1c2026' },
  outage: { standIn: '#a0000d', light: '#e9a58a', dark: '#8c3f22' },
} as const

export type Colour = keyof typeof PALETTE

const NAMES = Object.keys(PALETTE) as readonly Colour[]

/** The stand-in to draw with. */
export function colour(name: Colour): string {
  return PALETTE[name].standIn
}

/** The CSS variable a drawing's stand-in becomes: "var(--chart-good)". */
export function cssColour(name: Colour): string {
  return `var(--chart-${name})`
}

/** A drawing with every stand-in replaced by its CSS variable. */
export function withCssColours(svg: string): string {
  return svg.replace(/#a000(0[0-9a-d])\b/gi, (standIn) => {
    const name = NAMES.find((one) => PALETTE[one].standIn === standIn.toLowerCase())
    return name ? cssColour(name) : standIn
  })
}

/** The CSS declarations of all chart colours for one scheme. */
export function paletteCss(scheme: 'light' | 'dark'): string {
  return NAMES.map((name) => `--chart-${name}:${PALETTE[name][scheme]}`).join(';')
}
