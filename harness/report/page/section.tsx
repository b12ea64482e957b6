/** @jsxRuntime automatic */
/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'

type SectionProps = {
  readonly id: string
  readonly title: string
  readonly lead?: string | null
  readonly children?: ComponentChildren
}

/** A titled part of the report: a landmark of its own that can be linked to. */
export function Section({ id, title, lead, children }: SectionProps) {
  return (
    <section id={id} aria-labelledby={`${id}-title`}>
      <h2 id={`${id}-title`}>{title}</h2>
      {lead ? <p class="lead">{lead}</p> : null}
      {children}
    </section>
  )
}

/** A part most readers skip: folded, and printed folded out by the reader's choice. */
export function Folded({ id, title, lead, children }: SectionProps) {
  return (
    <details id={id}>
      <summary>
        <span class="summary-title">{title}</span>
        {lead ? <span class="summary-lead">{lead}</span> : null}
      </summary>
      {children}
    </details>
  )
}

/** A wide table that scrolls inside its own box, so that the page never does. */
export function TableBox(props: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard.
    <section class="table-box" aria-label={props.label} tabIndex={0}>
      {props.children}
    </section>
  )
}
