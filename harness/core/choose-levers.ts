import { type ArmChoice, type ArmsState, mayFollow, nextArms } from './choose-arms.ts'
import { armLabel, FIXES, type FixStep } from './fixes/index.ts'

/**
 * The arms still to try. On a system that is not ours they are its user's levers, each alone, in their order: what they
 * lead to nobody can predict, and how far they go is in their commands.
 */
export function nextChoices(state: ArmsState, levers: readonly FixStep[] | null): ArmChoice[] {
  if (levers === null) return nextArms(state)
  const tried = ({ id, step }: FixStep) =>
    state.measured.some(({ fixes }) => fixes.length === 1 && fixes[0]!.id === id && fixes[0]!.step === step)
  return levers
    .filter((lever) => !tried(lever) && (state.asked.length === 0 || state.asked.includes(lever.id)))
    .map((lever) => ({
      fixes: [lever],
      label: armLabel([lever]),
      predicted: null,
      cost: FIXES[lever.id].cost(lever.step),
      notRun: null,
    }))
}

/** How many arms may still follow when those were tried. */
export function mayFollowChoices(state: ArmsState, levers: readonly FixStep[] | null): number {
  return levers === null ? mayFollow(state) : 0
}
