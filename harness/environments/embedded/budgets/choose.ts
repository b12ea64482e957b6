import type { Isolation, IsolationMeans, PassedOver } from '../../../core/record.ts'
import { probeBinding } from './bind-probe.ts'
import type { BudgetMeans } from './means.ts'
import { unbudgeted } from './unbudgeted.ts'

/** A means that may be here; a string says why it is not. */
export type MeansCandidate = {
  readonly name: IsolationMeans
  readonly make: () => BudgetMeans | string
}

/** The means in use, those still to try, and why others were passed over. Without budgets always works. */
export class MeansChoice {
  readonly #rest: MeansCandidate[]
  readonly #passedOver: PassedOver[] = []
  #current: BudgetMeans

  constructor(candidates: readonly MeansCandidate[]) {
    this.#rest = [...candidates]
    this.#current = this.#next()
  }

  get current(): BudgetMeans {
    return this.#current
  }
  get passedOver(): readonly PassedOver[] {
    return this.#passedOver
  }

  /** Gives the one in use up for the next that is here. */
  passOver(because: string): void {
    this.#passedOver.push({ means: this.#current.name, because })
    this.#current.close()
    this.#current = this.#next()
  }

  /** What is said of it when it was not probed, or did not have to be. */
  isolation(bindsWithin: number | null = null): Isolation {
    const { name: means, periodMs } = this.#current
    const found = { means, bindsWithin, periodMs }
    return this.#passedOver.length > 0 ? { ...found, passedOver: [...this.#passedOver] } : found
  }

  #next(): BudgetMeans {
    for (let next = this.#rest.shift(); next; next = this.#rest.shift()) {
      const made = next.make()
      if (typeof made !== 'string') return made
      this.#passedOver.push({ means: next.name, because: made })
    }
    return unbudgeted()
  }
}

/** What the choice goes by and whom it tells. */
export type ChoiceParts = {
  /** Real cores by component that are to be held. */
  readonly budgets: ReadonlyMap<string, number>
  /** Notes the process that the probe starts. */
  readonly adopt: (pid: number) => void
  /** Called whenever the means in use was given up for the next. */
  readonly replaced: () => void
}

/** Goes on until it has a means that a one-second probe shows to bind within 10 %. One that is not here is not probed. */
export async function chooseBinding(choice: MeansChoice, parts: ChoiceParts): Promise<Isolation> {
  while (choice.current.name !== 'none') {
    const found = await bindingOf(choice.current, parts)
    if (typeof found === 'number') return choice.isolation(found)
    choice.passOver(found)
    parts.replaced()
  }
  return choice.isolation()
}

/** Within what it binds, or why it is not to be trusted. */
async function bindingOf(means: BudgetMeans, { budgets, adopt }: ChoiceParts): Promise<number | string> {
  const can = means.canStandFor?.(budgets) ?? true
  if (can !== true) return can
  try {
    const { binds, missedBy, because } = await probeBinding(means, adopt)
    return binds ? missedBy : because
  } catch (error) {
    return `it failed: ${error instanceof Error ? error.message : String(error)}`
  }
}
