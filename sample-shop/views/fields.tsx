import type { ComponentChildren } from 'preact'
import type { FieldErrors } from '../domain/form-error.ts'

/** What a person filled into a form, and what is wrong with it; all empty at first. */
export type Filled = {
  readonly values: Readonly<Record<string, string>>
  readonly errors: FieldErrors
  readonly problem: string | null
}

export const UNFILLED: Filled = { values: {}, errors: {}, problem: null }

/** What went wrong, said to screen readers at once. */
export const Problem = ({ filled: { problem } }: { readonly filled: Filled }) =>
  problem === null ? null : (
    <p class="wrong" role="alert">
      {problem}
    </p>
  )

type Named = { readonly name: string; readonly label: string; readonly filled: Filled }

/** Ties a field to the words about it. */
const described = ({ name, filled }: Named, hint?: string) => {
  const words = [hint && `${name}-hint`, filled.errors[name] && `${name}-error`].filter(Boolean).join(' ')
  return { id: name, name, ...(words && { 'aria-describedby': words }), ...(filled.errors[name] && INVALID) }
}

const INVALID = { 'aria-invalid': 'true' } as const

/** A label, its field, a hint if there is one, and what is wrong with it. */
const Labelled = ({
  name,
  label,
  filled,
  hint,
  children,
}: Named & { readonly hint?: string | undefined; readonly children: ComponentChildren }) => (
  <div class="field">
    <label for={name}>{label}</label>
    {children}
    {hint && (
      <span class="soft" id={`${name}-hint`}>
        {hint}
      </span>
    )}
    {filled.errors[name] && (
      <span class="wrong" id={`${name}-error`}>
        {filled.errors[name]}
      </span>
    )}
  </div>
)

type Text = Named & {
  readonly type?: 'text' | 'email' | 'password' | 'number'
  readonly autocomplete: string
  readonly maxlength?: number
  readonly minlength?: number
  readonly inputmode?: 'numeric' | 'text'
  readonly hint?: string
}

/** A field of one line. What was wrong keeps its value, but for passwords, which no page repeats. */
export const TextField = ({ label, hint, filled, name, type = 'text', ...rest }: Text) => {
  const shown = type === 'password' ? undefined : filled.values[name]
  // The types of JSX want one literal kind of input at a time.
  const attributes: object = { ...described({ name, label, filled }, hint), type, value: shown, ...rest }
  return (
    <Labelled name={name} label={label} filled={filled} hint={hint}>
      <input required {...attributes} />
    </Labelled>
  )
}

type Choice = Named & {
  /** Value and what people read. */
  readonly options: readonly (readonly [string, string])[]
  readonly autocomplete?: string
}

/** A choice of one. */
export const SelectField = ({ name, label, filled, options, ...rest }: Choice) => (
  <Labelled name={name} label={label} filled={filled}>
    <select {...described({ name, label, filled })} required {...rest}>
      <option value="">Please choose</option>
      {options.map(([value, text]) => (
        <option key={value} value={value} selected={filled.values[name] === value}>
          {text}
        </option>
      ))}
    </select>
  </Labelled>
)

type Area = Named & { readonly maxlength: number }

/** A field of several lines. */
export const AreaField = ({ name, label, filled, maxlength }: Area) => (
  <Labelled name={name} label={label} filled={filled}>
    <textarea
      {...described({ name, label, filled })}
      rows={5}
      maxlength={maxlength}
      required
      value={filled.values[name] ?? ''}
    />
  </Labelled>
)
