/** What a timer that fires every millisecond costs by itself, without anything to do. */
const SEC = 2
let ticks = 0
const startedMs = performance.now()
const before = process.cpuUsage()
const tick = () => {
  ticks++
  if (performance.now() - startedMs < SEC * 1000) setTimeout(tick, 1)
  else {
    const { user, system } = process.cpuUsage(before)
    process.send?.({ usPerTick: (user + system) / ticks, coreShare: (user + system) / 1e6 / SEC })
    process.disconnect()
  }
}
setTimeout(tick, 1)
