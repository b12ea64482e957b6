/** A product's picture, drawn from its id: three shapes and two hues, the same every time. Decoration only. */
export const Picture = ({ id }: { readonly id: number }) => {
  // Knuth's multiplicative hash spreads neighbouring ids over all hues and shapes.
  const mixed = Math.imul(id, 2_654_435_761) >>> 0
  const hue = mixed % 360
  const other = (hue + 40 + ((mixed >>> 9) % 160)) % 360
  const width = 26 + ((mixed >>> 13) % 30)
  const height = 22 + ((mixed >>> 17) % 34)
  const top = 64 - height
  return (
    <svg viewBox="0 0 96 72" aria-hidden="true">
      <path fill={`hsl(${hue} 45% 88%)`} d="M0 0h96v72H0z" />
      <rect
        x={48 - width / 2}
        y={top}
        width={width}
        height={height}
        rx={(mixed >>> 21) % 14}
        fill={`hsl(${hue} 50% 48%)`}
      />
      <circle cx={48 + width / 4} cy={top} r={5 + ((mixed >>> 25) % 9)} fill={`hsl(${other} 60% 58%)`} />
    </svg>
  )
}
