import type { Visitor } from './page.ts'

/** The name of the hidden field that holds it. */
export const FORM_TOKEN_FIELD = 'csrf'

/** The hidden field that shows a form is ours. Nothing for visitors to whom it could not be bound. */
export function renderFormToken({ formToken }: Visitor) {
  const token = formToken()
  return token === null ? null : <input type="hidden" name={FORM_TOKEN_FIELD} value={token} />
}
