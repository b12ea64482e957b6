import { ShopError } from './shop-error.ts'

/** Words for people, by the name of the field they stand beside. */
export type FieldErrors = Readonly<Record<string, string>>

/** What a person filled in and can mend: a form is shown again with it. */
export class FormError extends ShopError {
  readonly fields: FieldErrors

  constructor(status: number, code: string, message: string, fields: FieldErrors = {}) {
    super(status, code, message)
    this.name = 'FormError'
    this.fields = fields
  }
}
