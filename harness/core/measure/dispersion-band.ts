/**
 * Within which the index of dispersion (variance ÷ mean) of a Poisson process's counts lies by chance, z standard
 * deviations either way: χ² ÷ df with windows − 1 degrees of freedom. Quantiles by Wilson and Hilferty (1931):
 * χ² = df · (1 − 2/(9 df) + z·√(2/(9 df)))³, within 1 % from 20 df up.
 */
export function dispersionBand(windows: number, z: number): readonly [low: number, high: number] {
  const spread = 2 / (9 * (windows - 1))
  const quantile = (at: number) => (1 - spread + at * Math.sqrt(spread)) ** 3
  return [quantile(-z), quantile(z)]
}
